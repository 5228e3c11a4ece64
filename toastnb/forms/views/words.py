"""What the views say beside the words of the forms: buttons, remarks on what is shown."""

from __future__ import annotations

from toastnb.forms.words import known_keys, label, language

WORDS = {
    "en": {
        "choose": "— choose —",
        "nothing": "— none —",
        "several": "Hold Ctrl (⌘ on a Mac) to choose several",
        "search": "Search",
        "search_hint": "a part of a name, an id or an address",
        "filter.status": "Filter by state",
        "filter.zone": "Filter by zone",
        "filter.flavor": "Filter by flavor",
        "any": "any",
        "counted": "{shown} shown of {matching} that match, of {total} in all",
        "chosen": "{count} chosen",
        "choose_all": "Choose all {count} that match",
        "clear": "Clear the choice",
        "refresh": "Refresh the lists",
        "refreshing": "Reading the lists …",
        "busy": "Under way …",
        "request": "The exact request",
        "python": "The same as Python code",
        "unready": "It is shown here when nothing stands in the way any more.",
        "caution.hard": "HARD does not shut down first: what is not written to disk yet is lost.",
        "caution.delete": "This cannot be undone.",
        "cut": "Cut off here: {count} characters in all. {call} returns all of it.",
        "preview": "What it changes",
        "in_the_way": "Nothing was sent:",
        "former": "The form before this one followed: {names}. That goes on at the service: look before you send.",
        "put_right": "Fill in or put right: {names}",
        "progress": "{done} of {total} done",
        "progress_bad": "{done} of {total} done, {bad} not",
        "row.name": "Name",
        "row.state": "State",
        "row.seconds": "Took",
        "not_yet": "not sent yet",
        "more_rows": "and {count} more",
        "failed": "It failed",
        "not_sent": "It was not sent",
        "not_shown": "Something of the form could not be shown",
        "not_read": "The lists could not be read again",
        "before": "Before: {what}",
        "not_known": "Not known whether it was carried out: look first",
        "said": "What was said",
        "code": "Code",
        "to_do": "What to do",
        "entries_stay": "The entries are as they were.",
        "done": "Done",
        "partly": "Not carried out to the end: {bad} of {total}",
        "upload": "Read a file of this computer",
        "tab.create": "Create",
        "tab.actions": "Actions",
        "tab.keypairs": "Keypairs",
        "tab.log": "Log",
        "log_empty": "Nothing was sent yet.",
        "given": "was taken and is not shown again",
        "taken": "It is taken and emptied when you leave the field",
        "resource.instances": "Instances",
        "resource.vcpus": "vCPU",
        "resource.ram_gb": "RAM (GB)",
        "resource.disk_gb": "Disk (GB)",
        "column.resource": "Allocated in the zone",
        "column.before": "Before it",
        "column.difference": "Added",
        "column.after": "After it",
        "column.unknown": "Instances not known",
        "column.instance_id": "Id",
        "column.image_id": "Id of the image",
        "column.name": "Name",
        "column.status": "State",
        "column.action": "Action",
        "column.outcome": "Outcome",
        "column.code": "Code",
        "column.message": "Message",
        "column.fingerprint": "Fingerprint",
        "column.path": "File",
        "column.public_key": "Public key",
        "column.created_at": "Created (UTC)",
        "column.profile": "Profile",
        "column.username": "TOAST ID",
        "column.endpoint": "API address",
        "column.roles": "Roles",
        "column.expires": "Signed in until (UTC)",
        "column.when": "When (UTC)",
        "column.what": "What",
        "column.on_what": "On what",
    },
    "ko": {
        "choose": "— 선택 —",
        "nothing": "— 없음 —",
        "several": "여러 개를 선택하려면 Ctrl(Mac은 ⌘)을 누르세요",
        "search": "검색",
        "search_hint": "이름, ID, 주소의 일부",
        "filter.status": "상태 필터",
        "filter.zone": "가용성 영역 필터",
        "filter.flavor": "인스턴스 타입 필터",
        "any": "전체",
        "counted": "전체 {total}개 중 일치 {matching}개, 표시 {shown}개",
        "chosen": "{count}개 선택됨",
        "choose_all": "일치하는 {count}개 모두 선택",
        "clear": "선택 해제",
        "refresh": "목록 새로 고침",
        "refreshing": "목록을 읽는 중 …",
        "busy": "진행 중 …",
        "request": "실제로 보낼 요청",
        "python": "같은 일을 하는 Python 코드",
        "unready": "입력이 모두 맞으면 여기에 표시됩니다.",
        "caution.hard": "HARD는 정상 종료 없이 재부팅합니다. 디스크에 저장되지 않은 내용은 사라집니다.",
        "caution.delete": "되돌릴 수 없습니다.",
        "cut": "여기까지만 표시합니다(전체 {count}자). {call}에서 전체를 볼 수 있습니다.",
        "preview": "바뀌는 내용",
        "in_the_way": "아무것도 보내지 않았습니다:",
        "former": "이전 양식에서 진행 중이던 대상: {names}. 서비스에서는 계속 진행되므로 다시 보내기 전에 확인하세요.",
        "put_right": "입력하거나 고칠 항목: {names}",
        "progress": "{total}개 중 {done}개 완료",
        "progress_bad": "{total}개 중 {done}개 완료, {bad}개 미완료",
        "row.name": "이름",
        "row.state": "상태",
        "row.seconds": "걸린 시간",
        "not_yet": "아직 보내지 않음",
        "more_rows": "외 {count}개",
        "failed": "실패했습니다",
        "not_sent": "보내지 않았습니다",
        "not_shown": "양식의 일부를 표시하지 못했습니다",
        "not_read": "목록을 다시 읽지 못했습니다",
        "before": "이전: {what}",
        "not_known": "처리되었는지 알 수 없습니다. 먼저 확인하세요",
        "said": "응답 내용",
        "code": "코드",
        "to_do": "해결 방법",
        "entries_stay": "입력한 내용은 그대로 있습니다.",
        "done": "완료",
        "partly": "끝까지 처리되지 않음: {total}개 중 {bad}개",
        "upload": "이 컴퓨터의 파일 읽기",
        "tab.create": "생성",
        "tab.actions": "작업",
        "tab.keypairs": "키페어",
        "tab.log": "기록",
        "log_empty": "아직 보낸 것이 없습니다.",
        "given": "값을 받았으며 다시 표시하지 않습니다",
        "taken": "입력란을 벗어나면 값을 받고 입력란을 비웁니다",
        "resource.instances": "인스턴스",
        "resource.vcpus": "vCPU",
        "resource.ram_gb": "RAM(GB)",
        "resource.disk_gb": "디스크(GB)",
        "column.resource": "이 영역의 할당량",
        "column.before": "적용 전",
        "column.difference": "추가",
        "column.after": "적용 후",
        "column.unknown": "알 수 없는 인스턴스",
        "column.instance_id": "ID",
        "column.image_id": "이미지 ID",
        "column.name": "이름",
        "column.status": "상태",
        "column.action": "작업",
        "column.outcome": "결과",
        "column.code": "코드",
        "column.message": "메시지",
        "column.fingerprint": "지문",
        "column.path": "파일",
        "column.public_key": "공개 키",
        "column.created_at": "생성 시각(UTC)",
        "column.profile": "프로필",
        "column.username": "TOAST ID",
        "column.endpoint": "API 주소",
        "column.roles": "역할",
        "column.expires": "로그인 만료(UTC)",
        "column.when": "시각(UTC)",
        "column.what": "작업",
        "column.on_what": "대상",
    },
}


class Say:
    """The words of one language.

    Parameters
    ----------
    lang : str, optional
        "en" or "ko"; the environment's by default.

    Examples
    --------
    >>> from toastnb.forms.views.words import Say
    >>> Say("en")("chosen", count=3)
    '3 chosen'
    """

    def __init__(self, lang: str | None = None) -> None:
        self.lang = language(lang)

    def __call__(self, key: str, **parts: object) -> str:
        """Return the words of a key of the views, else of the forms."""
        words = WORDS[self.lang].get(key)
        if words is None:
            return label(key, self.lang, **parts)
        return words.format(**parts) if parts else words

    def state(self, state: str) -> str:
        """Return what people call a state of the service or an outcome."""
        if not state:
            return self("not_yet")
        key = f"state.{state}"
        return label(key, self.lang) if key in known_keys() else state

    def action(self, name: str) -> str:
        """Return what people call a call of `Toast`."""
        keys = (f"action.{name}", f"button.{name.removesuffix('_instance')}")
        return next((label(key, self.lang) for key in keys if key in known_keys()), name)

    def column(self, name: object) -> str:
        """Return what people call a column of a table."""
        return WORDS[self.lang].get(f"column.{name}", str(name))

    def hint(self, kind: str, field: str) -> str:
        """Return what there is to say of a field beyond its label, in a form or in any."""
        keys = (f"hint_of.{kind}.{field}", f"hint_of.{field}")
        return next((label(key, self.lang) for key in keys if key in known_keys()), "")
