"""Questions in SQL: DuckDB reads the files of the chosen snapshots, within a limit of memory.

What does not fit into the limit goes to a folder of the query's own, which is removed with it. DuckDB may open the
files of the chosen snapshots and that folder, and nothing else: no other file, no network, no extension.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa

from toastnb.arrays import as_frame
from toastnb.columns import TABLES
from toastnb.errors import InvalidInput
from toastnb.extras import needs
from toastnb.history import layout
from toastnb.history.places import Place
from toastnb.history.reading import files_of, gone_of
from toastnb.temporary import private_folder
from toastnb.threads import ended

with needs("history"):
    import duckdb
    from fsspec import AbstractFileSystem
    from fsspec.implementations.local import LocalFileSystem

if TYPE_CHECKING:
    from toastnb.history.store import History

_LEAST_GB = 1 / 16
_MEMORY_A_THREAD = 64 * 2**20  # with less for each, DuckDB gives up rather than spill
_INTERRUPT_SECONDS = 0.05
_ACTION = "Asking a history in SQL"
_TIME = pa.timestamp("us", "UTC")
_PREFIX = "history://"
_INNER = "_history"
_CHOSEN = f"{_INNER}.chosen"
_ALL_TABLES = re.compile(
    r"\s*(show|describe|desc)\b|\b(information_schema|duckdb_\w+)\b", re.IGNORECASE
)  # asks for them
_NO_COLUMN = re.compile(r'(?:column|does not have a column named) "([^"]*)"')
_TYPES = {pa.string(): "VARCHAR", pa.int64(): "BIGINT", pa.bool_(): "BOOLEAN", _TIME: "TIMESTAMPTZ"}
_PATTERN = re.compile(r"[*?\[]")  # what DuckDB would take for one
_SETTINGS = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "python_enable_replacements": False,  # a name is a table of the history, never a variable of the caller
    "preserve_insertion_order": False,  # to keep it, rows would have to wait in memory
}


class _Files(AbstractFileSystem):  # type: ignore[misc] # fsspec has no types
    """A store's files as DuckDB asks for them: by their paths, never by patterns; they are never changed."""

    protocol = _PREFIX.removesuffix("://")
    cachable = False

    def __init__(self, files: Any) -> None:
        super().__init__()
        self._files = files
        self._sizes: dict[str, int] = {}

    def glob(self, path: str, **options: Any) -> list[str]:
        return [path]

    def open(self, path: str, mode: str = "rb", **options: Any) -> Any:
        if mode != "rb":
            raise PermissionError("a history is only read")
        return self._files.open(path.removeprefix(_PREFIX), "rb", cache_type="none")  # DuckDB asks for what it needs

    def size(self, path: str) -> int:
        if path not in self._sizes:
            self._sizes[path] = self._files.size(path.removeprefix(_PREFIX))
        return self._sizes[path]

    def modified(self, path: str) -> datetime:
        return datetime.fromtimestamp(0, UTC)


def sql(history: History, query: str, memory_gb: float = 1.0) -> pd.DataFrame:
    """Ask a question in SQL, within a limit of memory; what does not fit goes to disk for a while.

    Parameters
    ----------
    query : str
        One SELECT, as DuckDB has it. Each table of the column dictionary is there with the rows of this history's
        snapshots, as `table` answers it, and `snapshots` as the method of that name does; ``SHOW TABLES`` and
        ``DESCRIBE disks`` tell of them. SQL has the word AT: the column is written ``"at"``. Text stands in single
        quotes: ``status = 'STOP'``. The clock is UTC.
    memory_gb : float
        How much DuckDB may use, and how large the answer may be. What Python and the libraries take beside it are some
        200 MB. What is more is put into the folder for temporary files (``TMPDIR``), for this user alone.

    Returns
    -------
    DataFrame
        The answer: text is str, whole numbers Int64 (Float64 where one is beyond 64 bits), others Float64, flags
        boolean, dates and times datetime64[us, UTC]. Lists, structs and spans of time come as DuckDB has them: cast
        them to VARCHAR for text. Without ORDER BY, rows come in any order.

    Raises
    ------
    InvalidInput
        When it is no such query, needs more than `memory_gb`, reaches for anything but these tables, or there is no
        folder for temporary files.

    Examples
    --------
    >>> import toastnb as tn
    >>> snapshot = tn.history.record(toast.inventory(), "history", project="shop")
    >>> query = "SELECT zone, sum(vcpus) AS vcpus FROM instances_detail GROUP BY zone ORDER BY zone"
    >>> tn.history.open_store("history").sql(query).values.tolist()
    [['kr-pub-a', 660], ['kr-pub-b', 225]]
    """
    place, chosen = history._place, history._chosen
    memory = _checked(memory_gb)
    with _opened(memory) as connection:
        _check_select(connection, query)
        every = _ALL_TABLES.search(query)
        tables = [table for table in TABLES if every or re.search(rf"\b{table}\b", query, re.IGNORECASE)]
        files = {table: files_of(place, table, chosen) for table in tables}

        def answer() -> pd.DataFrame:
            try:
                _offer_snapshots(connection, history.snapshots(), chosen)
                _offer_tables(connection, place, files)
                return _frame(_answered(connection, query, memory, memory_gb))
            except (duckdb.Error, pa.ArrowException, OverflowError) as error:
                problem = error
            except OSError as error:  # as Arrow has it, when DuckDB fails in the middle of an answer
                if error.errno is not None:
                    raise
                problem = error
            raise _refused(problem, memory_gb, place, files, query)

        return place.attempt("read", answer)


def _checked(memory_gb: float) -> int:
    """Return the limit in bytes."""
    if not isinstance(memory_gb, int | float) or isinstance(memory_gb, bool) or not _LEAST_GB <= memory_gb < 2**20:
        raise InvalidInput(f"memory_gb is {memory_gb!r}", hint=f"Give a number of GB, at least {_LEAST_GB}.")
    return int(memory_gb * 2**30)


@contextmanager
def _opened(memory: int) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a database in memory, with a folder of its own for what does not fit."""
    with private_folder(_ACTION) as folder:
        settings: dict[str, Any] = {"memory_limit": f"{memory}B", "temp_directory": folder} | _SETTINGS
        with duckdb.connect(config=settings) as connection:
            [[threads]] = connection.execute("SELECT current_setting('threads')").fetchall()
            connection.execute(f"SET threads = {max(1, min(threads, memory // _MEMORY_A_THREAD))}")
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute("SET arrow_large_buffer_size = true")
            yield connection


def _check_select(connection: duckdb.DuckDBPyConnection, query: str) -> None:
    if not isinstance(query, str):
        raise InvalidInput(f"query is a {type(query).__name__}", hint="Give one SELECT as a text.")
    try:
        statements = connection.extract_statements(query)
    except duckdb.Error as error:
        problem, hint = _words(error), 'A column that has the name of a word of SQL is quoted, as "at".'
    else:
        if [one.type for one in statements] == [duckdb.StatementType.SELECT]:
            return
        problem, hint = "query is not one SELECT", "A history is read, and asked one question at a time."
    raise InvalidInput(problem, action=_ACTION, hint=hint)


def _offer_snapshots(connection: duckdb.DuckDBPyConnection, public: pd.DataFrame, chosen: pd.DataFrame) -> None:
    connection.execute(f"CREATE SCHEMA {_INNER}")  # of which SHOW TABLES tells nothing
    for name, frame in (("snapshots", public), (_CHOSEN, chosen[["snapshot_id", "part"]])):
        connection.register("given", pa.Table.from_pandas(frame, preserve_index=False))
        connection.execute(f"CREATE TABLE {name} AS FROM given")
        connection.unregister("given")


def _offer_tables(connection: duckdb.DuckDBPyConnection, place: Place, files: dict[str, list[str]]) -> None:
    """Make a view of each table, and shut the door: from then on its files are all that there is."""
    named = files
    if not isinstance(place.files, LocalFileSystem) or _PATTERN.search(place.root):
        connection.register_filesystem(_Files(place.files))
        named = {table: [f"{_PREFIX}{path}" for path in paths] for table, paths in files.items()}
    connection.execute("SET allowed_paths = $1", [[path for paths in named.values() for path in paths]])
    connection.execute("SET enable_external_access = false")
    for table, paths in named.items():
        connection.execute(f"SET VARIABLE {table} = $1", [paths])
        connection.execute(_view(table) if paths else f"CREATE VIEW {table} AS {_nothing(table)}")
    connection.execute("SET lock_configuration = true")


def _view(table: str) -> str:
    """Return what makes a view of a table: the rows of the chosen snapshots, of each its newest part.

    A column that a file lacks, as it was not in the dictionary then, is NULL there.
    """
    columns = ", ".join(f'"{name}"' for name in _columns(table))
    files = f"read_parquet(getvariable('{table}'), hive_partitioning = false, union_by_name = true)"
    chosen = f"FROM {files} SEMI JOIN {_CHOSEN} USING (snapshot_id, part)"
    return f"CREATE VIEW {table} AS SELECT {columns} FROM ({_nothing(table)} UNION ALL BY NAME {chosen})"  # noqa: S608


def _nothing(table: str) -> str:
    """Return what selects the columns of a table, and no row."""
    schema = layout.schema_of(table)
    columns = ", ".join(f'NULL::{_TYPES[schema.field(name).type]} AS "{name}"' for name in _columns(table))
    return f"SELECT {columns} WHERE false"


def _columns(table: str) -> list[str]:
    return [name for name in layout.schema_of(table).names if name != "part"]


def _answered(connection: duckdb.DuckDBPyConnection, query: str, memory: int, memory_gb: float) -> pa.Table:
    """Return the answer to a query, which runs in a thread: DuckDB would not hear of Ctrl-C until it is done."""

    def answer() -> pa.Table:
        return _within(pa.RecordBatchReader.from_stream(connection.sql(query)), memory, memory_gb)

    with ThreadPoolExecutor(1, "toastnb-sql") as pool:
        asked = pool.submit(answer)
        try:
            ended([asked])
        except BaseException:
            while not wait([asked], _INTERRUPT_SECONDS).done:  # one that has not begun does not hear it
                connection.interrupt()
            raise
        return asked.result()


def _within(reader: pa.RecordBatchReader, memory: int, memory_gb: float) -> pa.Table:
    """Return an answer that comes piece by piece, unless it becomes larger than the limit."""
    pieces, size = [], 0
    with reader:
        for piece in reader:
            pieces.append(piece)
            size += piece.nbytes
            if size > memory:
                said = f"the answer is larger than memory_gb={memory_gb}"
                raise InvalidInput(said, action=_ACTION, hint="Add up or LIMIT in the query, or raise memory_gb.")
        return pa.Table.from_batches(pieces, reader.schema)


def _frame(answer: pa.Table) -> pd.DataFrame:
    """Return an answer with the dtypes that all frames have."""
    twice = [name for name in answer.column_names if answer.column_names.count(name) > 1]
    if twice:
        raise InvalidInput(f"two columns have the name {twice[0]}", action=_ACTION, hint="Name one of them: AS.")
    columns = {name: _plain(column) for name, column in zip(answer.column_names, answer.columns, strict=True)}
    frame = as_frame(columns)
    return frame.astype({name: "Float64" for name, column in columns.items() if pa.types.is_floating(column.type)})


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_dictionary(kind) or pa.types.is_string(kind) or pa.types.is_null(kind):
        return column.cast(pa.large_string())
    if pa.types.is_integer(kind) or (pa.types.is_decimal(kind) and kind.scale == 0):
        try:
            return column.cast(pa.int64())
        except pa.ArrowInvalid:  # beyond 64 bits
            return column.cast(pa.float64(), safe=False)
    if pa.types.is_decimal(kind) or pa.types.is_floating(kind):
        return column.cast(pa.float64())
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        return column.cast(pa.timestamp("us", kind.tz if pa.types.is_timestamp(kind) else None)).cast(_TIME)
    return column


def _refused(error: Exception, memory_gb: float, place: Place, files: dict[str, list[str]], query: str) -> InvalidInput:
    """Return what DuckDB did not do as an error of ours."""
    if "Out of Memory Error" in str(error):
        if "max_temp_directory_size" in str(error):
            said, hint = (
                "the folder for temporary files is full",
                "Make room there, name another in TMPDIR, or ask less.",
            )
        else:
            said = f"the query needs more than memory_gb={memory_gb}"
            hint = "Raise memory_gb, or ask of less: history.of(...), history.between(...), fewer columns or groups."
        return InvalidInput(said, action=_ACTION, hint=hint)
    gone = gone_of(place, [path for paths in files.values() for path in paths], _ACTION)
    if gone is not None:
        return gone
    said = _words(error)
    if said.startswith("Table with name"):
        said, hint = said.partition(" Did you mean")[0], f"There are: snapshots, {', '.join(TABLES)}."
    elif (named := _NO_COLUMN.search(said)) and f'"{named[1]}"' in query:
        hint = f"Double quotes are for names; text stands in single ones: '{named[1]}'."
    elif isinstance(error, duckdb.PermissionException):
        hint = "A query reads the tables of the history, and nothing else."
    else:
        hint = ""
    return InvalidInput(said, action=_ACTION, hint=hint)


def _words(error: Exception) -> str:
    """Return what DuckDB said, without the kind of error before it, and the lines that point into the query."""
    said, _, _ = str(error).partition("\n\n")
    return " ".join(re.sub(r"^[A-Z][\w ]* Error: ", "", said).split())
