"""The forms in Voila, as people use them, against a sandbox whose transitions take their time."""

from __future__ import annotations

import json
import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

import toastnb as tn
from tests.browser.form_page import FormPage
from tests.browser.serving import environment, voila, write_notebook
from tests.support import eventually, raw_call

PAGES = {
    "console": "tn.forms.console(tn.connect())",
    "korean": "tn.forms.console(tn.connect(), lang='ko')",
    "read-only": "tn.forms.console(tn.connect(read_only=True))",
    "login": "tn.forms.login()",
}
VOILAS_OWN = "https://cdn.jsdelivr.net/npm/@fortawesome/"  # its template asks for icons there; no form needs them
HOSTILE = ["<script>document.title='taken'</script>", "<img src=x onerror=document.title='taken'>", "\u202egnp.exe"]
CUT_OFF = "all => all.filter(e => e.offsetWidth && e.scrollWidth > e.clientWidth).map(e => e.textContent)"
Open = Callable[..., FormPage]


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tn.Sandbox]:
    """An account with some names that no service should give."""
    state = tmp_path_factory.mktemp("sandbox") / "state.json"
    tn.Sandbox(instances=60).save(state)
    content = json.loads(state.read_text())
    for instance, name in zip(instances_in(content), HOSTILE, strict=False):
        instance["name"] = name
    state.write_text(json.dumps(content))
    with tn.Sandbox(state=state) as sandbox:
        yield sandbox


def instances_in(content: object) -> list[dict[str, object]]:
    if isinstance(content, dict):
        return content.get("instances") or next(filter(None, map(instances_in, content.values())), [])
    return []


@pytest.fixture(scope="module")
def address(sandbox: tn.Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = tmp_path_factory.mktemp("voila")
    folder = home / "notebooks"
    folder.mkdir()
    for name, cell in PAGES.items():
        write_notebook(folder / f"{name}.ipynb", "import toastnb as tn", cell)
    with voila(folder, environment(home, sandbox)) as address:
        yield address


@pytest.fixture
def opened(browser: Browser, address: str) -> Iterator[Open]:
    """Open a page of its own."""
    pages: list[FormPage] = []

    def open_(name: str = "console") -> FormPage:
        pages.append(at(browser, f"{address}/{name}.ipynb"))
        return pages[-1]

    yield open_
    for page in pages:
        close(page)


@pytest.fixture(scope="module")
def shared(browser: Browser, address: str) -> Iterator[FormPage]:
    """A console for tests that send nothing."""
    page = at(browser, f"{address}/console.ipynb")
    yield page
    close(page)


def at(browser: Browser, address: str) -> FormPage:
    page = FormPage(browser)
    page.page.goto(address)
    return page


def close(page: FormPage) -> None:
    """Close a page with which nothing was wrong, and which asked for nothing from elsewhere."""
    assert page.complaints == []
    assert [url for url in page.elsewhere if not url.startswith(VOILAS_OWN)] == []
    page.close()


def named(sandbox: tn.Sandbox, start: str) -> dict[str, str]:
    """Return name and status of instances as the service has them."""
    listed = raw_call(sandbox, "GET", "instances")["instances"]
    return {one["name"]: one["status"] for one in listed if one["name"].startswith(start)}


def fill_in(page: FormPage, name: str, count: int = 1) -> None:
    page.text("Name").fill(name)
    page.choose("Image", "Debian 12")
    page.choose("Flavor", "m2.c2m4")
    page.choose("Network", "Default Network")
    page.choose("Availability zone", "kr-pub-a")
    page.choose("Keypair", "ops-shared")
    page.text("Count").fill(str(count))
    page.text("Count").press("Tab")


def pick(page: FormPage, name: str, action: str) -> None:
    """Choose one instance by its name, and an action."""
    page.open_tab("Actions")
    page.button("Clear the choice").click()
    expect(page.said("0 chosen")).to_be_visible()
    page.text("Search").fill(name)
    expect(page.said("1 shown of 1 that match")).to_be_visible()
    page.mark("Instances", [name])
    expect(page.said(f"1 chosen: {name}")).to_be_visible()
    page.choose("Action", action)


def test_three_instances_are_made_by_one_request_and_watched_until_they_run(opened: Open, sandbox: tn.Sandbox) -> None:
    page = opened()
    before = sandbox.calls["POST instances"]
    fill_in(page, "web-new", count=3)
    expect(page.said("They will be named web-new-1, web-new-2, web-new-3")).to_be_visible()
    rows = page.page.get_by_role("row").filter(visible=True)
    expect(rows.filter(has_text="vCPU")).to_have_text(re.compile(r"vCPU\s*\d+\s*6\s*\d+"))
    page.button("▸ The exact request").click()
    expect(page.said('"name": "web-new"')).to_contain_text('"count": 3')
    page.button("▸ The same as Python code").click()
    expect(page.said("toast.create_instance(")).to_contain_text("count=3")
    page.button("Create 3 instances").dblclick()
    for number in (1, 2, 3):
        expect(rows.filter(has_text=f"web-new-{number}")).to_have_text(re.compile(r"BUILD\s*\d+ s"))
    expect(page.button("Under way …")).to_be_disabled()
    eventually(lambda: len(named(sandbox, "web-new")) == 3)
    sandbox.advance(120)
    expect(page.said("✓ Done")).to_be_visible()
    for number in (1, 2, 3):
        expect(rows.filter(has_text=f"web-new-{number}").first).to_have_text(re.compile(r"✓ ACTIVE\s*\d+ s"))
    assert named(sandbox, "web-new") == {f"web-new-{number}": "ACTIVE" for number in (1, 2, 3)}
    expect(page.said("There is an instance of this name already")).to_be_visible()  # the lists were read again
    page.button("Create 3 instances").click()
    expect(page.said("This was sent")).to_be_visible()
    assert sandbox.calls["POST instances"] == before + 1


def test_an_instance_is_stopped_resized_and_started(opened: Open, sandbox: tn.Sandbox) -> None:
    page = opened()
    page.open_tab("Actions")
    name = next(name for name, status in named(sandbox, "api-prod").items() if status == "ACTIVE")
    steps = [("Stop", "POWERING_OFF", "STOP"), ("Change the flavor", "RESIZING", "STOP"), ("Start", "", "ACTIVE")]
    for action, on_the_way, end in steps:
        pick(page, name, action)
        if action == "Change the flavor":
            page.choose("Flavor", "r2.c2m8")
        page.button(f"{action} {name}").click()
        row = page.page.get_by_role("row").filter(visible=True).filter(has_text=name).first
        if on_the_way:
            expect(row).to_contain_text(on_the_way)
        sandbox.advance(60)
        expect(row).to_have_text(re.compile(rf"✓ {end}\s*\d+ s"))
        expect(page.said("✓ Done")).to_be_visible()
        assert named(sandbox, name) == {name: end}
        listed = page.several("Instances").locator("option", has_text=name).first
        expect(listed).to_contain_text(f" {end} ")  # the lists were read again: the next action is offered by them
    [detail] = [one for one in raw_call(sandbox, "GET", "instances-detail")["instances"] if one["name"] == name]
    assert detail["flavor"]["name"] == "r2.c2m8"
    page.open_tab("Log")
    log = page.page.get_by_role("row").filter(visible=True)
    expect(log).to_have_count(4)
    expect(log.nth(1)).to_contain_text("Start")


def test_an_action_that_does_not_fit_is_marked_and_choosing_it_says_why(shared: FormPage, sandbox: tn.Sandbox) -> None:
    page = shared
    name = next(name for name, status in named(sandbox, "db-").items() if status == "ACTIVE")
    pick(page, name, "Reboot")
    expect(page.choice("How to reboot")).to_be_visible()
    expect(page.choice("Action").locator("option", has_text="Start")).to_have_text(re.compile("⊘.Start.*needs.STOP"))
    page.choose("Action", "Start")
    expect(page.said("Start cannot be chosen: needs STOP, but it is ACTIVE")).to_be_visible()
    assert page.choice("Action").evaluate("select => select.selectedOptions[0].text") == "Reboot"


def test_deleting_needs_the_very_name(opened: Open, sandbox: tn.Sandbox) -> None:
    page = opened()
    before = sandbox.calls["DELETE instances"]
    name = next(iter(named(sandbox, "batch")))
    pick(page, name, "Delete")
    expect(page.said(f"Type {name} to confirm")).to_be_visible()
    page.text("Confirm").fill(name[:-1])
    page.button(f"Delete {name}").click()
    expect(page.said(f"Confirm: must be {name}")).to_be_visible()
    assert name in named(sandbox, name)
    page.text("Confirm").fill(name)
    page.button(f"Delete {name}").click()
    expect(page.said("DELETING")).to_be_visible()
    sandbox.advance(60)
    expect(page.said("✓ gone")).to_be_visible()
    expect(page.said("✓ Done")).to_be_visible()
    assert named(sandbox, name) == {}
    assert sandbox.calls["DELETE instances"] == before + 1


def test_a_failure_of_the_service_is_shown_and_the_form_goes_on(opened: Open, sandbox: tn.Sandbox) -> None:
    page = opened()
    fill_in(page, "after-all")
    sandbox.fault("POST instances", "code", code=20001, message="No more IP addresses <b>here</b>")
    page.button("Create").click()
    alert = page.page.get_by_role("alert").filter(has_text="It failed")
    expect(alert).to_contain_text("No more IP addresses <b>here</b>")
    expect(alert).to_contain_text("20001: the network has no free address")
    expect(alert).to_contain_text("What to do:")
    expect(page.text("Name")).to_have_value("after-all")
    assert named(sandbox, "after-all") == {}
    page.text("Name").fill("after-all-2")
    page.button("Create").click()
    expect(page.said("BUILD")).to_be_visible()
    sandbox.advance(120)
    expect(page.said("✓ Done")).to_be_visible()
    expect(alert).to_have_count(0)
    assert named(sandbox, "after-all") == {"after-all-2": "ACTIVE"}


def test_a_keypair_is_made_and_its_key_is_in_a_file_only(opened: Open, sandbox: tn.Sandbox, tmp_path: Path) -> None:
    page = opened()
    page.open_tab("Keypairs")
    page.text("Name").fill("from-the-form")
    page.text("Save private key to").fill(str(tmp_path))
    expect(page.said("readable by you only (0600)")).to_be_visible()
    page.button("Create a keypair").click()
    expect(page.said("✓ Done")).to_be_visible()
    file = tmp_path / "from-the-form.pem"
    key = file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    expect(page.said(str(file))).to_be_visible()
    everything = page.everything()
    assert b"from-the-form" in everything
    hidden = [line for line in key.splitlines() if len(line) > 30]
    tokens = list(sandbox._service.tokens._issued)
    for secret in (*hidden, sandbox.appkey, sandbox.password, *tokens):
        assert secret.encode() not in everything
    # A key that is pasted or read by mistake is let go of.
    page.choose("Action", "Upload")
    page.text("Public key").fill(key)
    expect(page.said("that was a private key")).to_be_visible()
    expect(page.text("Public key")).to_have_value("")
    page.upload("Read a file of this computer", file)
    expect(page.said("that was a private key")).to_be_visible()
    assert hidden[1] not in page.page.content()


def test_a_public_key_is_read_from_a_file_and_described_before_it_is_sent(
    opened: Open, sandbox: tn.Sandbox, tmp_path: Path
) -> None:
    page = opened()
    [keypair] = [one for one in raw_call(sandbox, "GET", "keypairs")["keypairs"] if one["name"] == "ops-shared"]
    (tmp_path / "mine.pub").write_text(keypair["publicKey"])
    page.open_tab("Keypairs")
    page.choose("Action", "Upload")
    page.text("Name").fill("mine")
    page.upload("Read a file of this computer", tmp_path / "mine.pub")
    expect(page.text("Public key")).to_have_value(keypair["publicKey"])
    expect(page.said("SHA256:")).to_be_visible()
    page.button("Upload a public key").click()
    expect(page.said("✓ Done")).to_be_visible()
    page.choose("Action", "Delete")
    page.choose("Keypair", "mine")
    expect(page.said("No instance of this project was made with it")).to_be_visible()
    page.text("Confirm").fill("mine")
    page.button("Delete a keypair").click()
    eventually(lambda: "mine" not in [one["name"] for one in raw_call(sandbox, "GET", "keypairs")["keypairs"]])
    expect(page.choice("Keypair").locator("option", has_text="mine")).to_have_count(0)


def test_signing_in_keeps_no_secret_on_the_page(opened: Open, sandbox: tn.Sandbox) -> None:
    page = opened("login")
    page.text("API address").fill(sandbox.base_url)
    page.text("TOAST ID (e-mail)").fill(sandbox.username)
    page.text("Appkey").fill(sandbox.appkey)
    page.text("API password").fill("not-the-password")
    page.button("Sign in").click()
    expect(page.page.get_by_role("alert").filter(has_text="It failed")).to_contain_text("API password")
    for label in ("Appkey", "API password"):
        expect(page.text(label)).to_have_value("")
    page.text("API password").fill(sandbox.password)
    page.text("API password").press("Tab")
    expect(page.text("API password")).to_have_value("")
    page.button("Sign in").click()
    expect(page.said("✓ Done")).to_be_visible()
    everything = page.everything()
    assert sandbox.username.encode() in everything
    for secret in (sandbox.appkey, sandbox.password, "not-the-password", *sandbox._service.tokens._issued):
        assert secret.encode() not in everything


def test_a_read_only_connection_shows_the_forms_and_sends_nothing(opened: Open, sandbox: tn.Sandbox) -> None:
    writes = sum(count for call, count in sandbox.calls.items() if not call.startswith("GET") and "tokens" not in call)
    page = opened("read-only")
    expect(page.said("This connection only reads: nothing can be sent")).to_be_visible()
    fill_in(page, "never")
    expect(page.said("What it changes")).to_be_visible()
    expect(page.button("Create")).to_be_disabled()
    page.open_tab("Actions")
    expect(page.said("This connection only reads: nothing can be sent")).to_be_visible()
    expect(page.button("Send")).to_be_disabled()
    after = sum(count for call, count in sandbox.calls.items() if not call.startswith("GET") and "tokens" not in call)
    assert after == writes


def test_a_number_stays_as_it_was_typed_and_is_marked(opened: Open, sandbox: tn.Sandbox) -> None:
    page = opened()
    before = sandbox.calls["POST instances"]
    fill_in(page, "never")
    for text, wrong in {"11": "is 11, but must be from 1 to 10", "0": "is 0, but must be", "": "is missing"}.items():
        page.text("Count").fill("")
        page.text("Count").press_sequentially(text)
        page.text("Count").press("Tab")
        expect(page.said(f"Count: {wrong}")).to_be_visible()
        expect(page.text("Count")).to_have_value(text)
        page.page.locator("button.mod-primary").filter(visible=True).click()
        expect(page.said("Fill in or put right: Count")).to_be_visible()
    assert sandbox.calls["POST instances"] == before


def test_what_became_of_it_is_of_before_once_something_else_is_entered(opened: Open, sandbox: tn.Sandbox) -> None:
    page = opened()
    name = next(name for name, status in named(sandbox, "api-").items() if status == "ACTIVE")
    pick(page, name, "Stop")
    page.button(f"Stop {name}").click()
    sandbox.advance(60)
    expect(page.said("✓ Done")).to_be_visible()
    page.choose("Action", "Delete")
    expect(page.said(f"Before: Stop · {name}")).to_contain_text("✓ Done")
    expect(page.said("This cannot be undone.")).to_be_visible()
    expect(page.button(f"Delete {name}")).to_have_class(re.compile("mod-danger"))
    expect(page.said("1 of 1 done")).to_have_count(0)


def test_names_are_text_whatever_they_say(shared: FormPage) -> None:
    page = shared
    page.open_tab("Actions")
    page.text("Search").fill("")
    page.mark("Instances", ["<script>", "<img", "gnp.exe"])
    expect(page.said("3 chosen: <script>")).to_contain_text(r"\u202egnp.exe")
    page.choose("Action", "Delete")
    expect(page.said("Type 3 to confirm")).to_be_visible()
    assert "\u202e" not in page.page.content()
    assert page.page.title() != "taken"


def test_all_of_it_works_by_keyboard(opened: Open, sandbox: tn.Sandbox) -> None:
    page = opened()
    keys = page.page.keyboard
    name = next(name for name, status in named(sandbox, "web-prod").items() if status == "ACTIVE")
    page.page.get_by_role("tab", name="Create").focus()
    keys.press("ArrowRight")
    keys.press("Enter")
    expect(page.text("Search")).to_be_visible()
    keys.press("Tab")
    expect(page.text("Search")).to_be_focused()
    keys.type(name)
    expect(page.said("1 shown of 1 that match")).to_be_visible()
    for label in ("Filter by state", "Filter by zone", "Filter by flavor"):
        keys.press("Tab")
        expect(page.choice(label)).to_be_focused()
    keys.press("Tab")
    expect(page.several("Instances")).to_be_focused()
    keys.press("ArrowDown")
    expect(page.said(f"1 chosen: {name}")).to_be_visible()
    for _ in range(3):
        keys.press("Tab")
    expect(page.choice("Action")).to_be_focused()
    keys.type("Stop")
    expect(page.button(f"Stop {name}")).to_be_visible()
    for _ in range(3):
        keys.press("Tab")
    expect(page.button(f"Stop {name}")).to_be_focused()
    keys.press("Enter")
    expect(page.button("▾ 0 of 1 done")).to_be_focused()  # where the button is off, the focus is not lost
    expect(page.said("POWERING_OFF")).to_be_visible()
    sandbox.advance(60)
    expect(page.said("✓ Done")).to_be_visible()
    expect(page.button("▾ 1 of 1 done")).to_be_focused()
    expect(page.page.get_by_role("status").filter(has_text="1 of 1 done")).to_have_count(1)
    assert named(sandbox, name) == {name: "STOP"}


def test_labels_are_whole_and_nothing_is_wider_than_the_page(shared: FormPage, opened: Open) -> None:
    for page in (shared, opened("korean")):
        for width in (1100, 700, 420):
            page.page.set_viewport_size({"width": width, "height": 1400})
            tabs = page.page.get_by_role("tab")
            expect(tabs).to_have_count(4)
            for number in range(3):
                tabs.nth(number).click()
                page.page.locator("button.mod-primary, button.mod-danger").filter(visible=True).click()
                expect(page.page.get_by_role("alert").filter(visible=True)).to_be_visible()
                assert page.page.locator("label, button").evaluate_all(CUT_OFF) == []
                assert page.page.evaluate("document.documentElement.scrollWidth") <= width
    expect(page.said("아무것도 보내지 않았습니다")).to_be_visible()
    assert tabs.all_inner_texts() == ["생성", "작업", "키페어", "기록"]


def test_one_instance_in_ten_thousand_is_found(browser: Browser, tmp_path: Path) -> None:
    folder = tmp_path / "notebooks"
    folder.mkdir()
    write_notebook(folder / "large.ipynb", "import toastnb as tn", "tn.forms.actions(tn.connect())")
    with tn.Sandbox(instances=10_000) as sandbox, voila(folder, environment(tmp_path, sandbox)) as address:
        page = FormPage(browser)
        page.page.goto(f"{address}/large.ipynb")
        expect(page.said("200 shown of 10,000 that match, of 10,000 in all")).to_be_visible()
        assert page.page.locator("option").count() < 300
        wanted = named(sandbox, "web-prod").popitem()[0]
        page.text("Search").press_sequentially(wanted)
        expect(page.said("1 shown of 1 that match, of 10,000 in all")).to_be_visible()
        page.text("Search").fill("")
        page.button("Choose all 10,000 that match").click()
        expect(page.said("10,000 chosen")).to_be_visible()
        page.choose("Action", "Delete")
        expect(page.said("Type 10000 to confirm")).to_be_visible()
        page.button("Delete: 10,000 instances").click()
        expect(page.said("Confirm: must be 10000")).to_be_visible()
        page.button("Clear the choice").click()
        expect(page.said("0 chosen")).to_be_visible()
        assert sandbox.calls["DELETE instances"] == 0
        page.close()
