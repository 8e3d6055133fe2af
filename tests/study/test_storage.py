from __future__ import annotations

import hashlib
import sqlite3
import tempfile
import threading
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optuna.trial import TrialState, create_trial
from sqlalchemy.exc import OperationalError

from study.errors import ConfigError, StorageError
from study.storage import (
    check_study_name,
    check_writable,
    newest_study_name,
    open_for_reading,
    open_for_writing,
    opening,
    read_study,
    redacted,
    sqlite_path,
    study_names,
)
from study.storage.reading import retrained_result, trial_record
from tests.permissions import as_any_user

DATASET = {"name": "cifar10", "classes": ["cat", "dog"], "n_train": 80}
ODD_NAMES = [
    *("with space", "50%", "a%23b", "a%2523b", "käse-猫", "a#b", "wh?t", "a?mode=memory&b", "a:b"),
]


def url_of(path):
    # Where a URL means the characters "%" and "?" themselves, they are encoded.
    return "sqlite:///" + str(path).replace("%", "%25").replace("?", "%3F")


def add_study(storage, name, *, values=(0.5,), finished=None, **attrs):
    optuna_study = optuna.create_study(storage=storage, study_name=name, direction="maximize")
    for key, value in {"schema_version": 1, "dataset": DATASET, **attrs}.items():
        optuna_study.set_user_attr(key, value)
    for value in values:
        trial = create_trial(state=TrialState.COMPLETE, value=value)
        if finished is not None:
            trial.datetime_complete = finished
        optuna_study.add_trial(trial)
    return optuna_study


@pytest.fixture
def database(tmp_path):
    """The URL of a database with one study."""
    path = tmp_path / "studies.db"
    with open_for_writing(url_of(path)) as storage:
        add_study(storage, "first/custom_cnn")
    return url_of(path)


def contents(folder):
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.iterdir()
        if path.is_file()
    }


def journal_mode(path, *, set_to=None):
    with closing(sqlite3.connect(path)) as connection:
        statement = f"PRAGMA journal_mode={set_to}" if set_to else "PRAGMA journal_mode"
        return connection.execute(statement).fetchone()[0]


def execute(path, *statements):
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def error_of(action, *arguments, kind=StorageError):
    with pytest.raises(kind) as caught:
        action(*arguments)
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 500
    return message


def write(url):
    with open_for_writing(url):
        pass


# Writing


def test_opening_for_writing_creates_a_database_that_can_be_read_and_is_one_file(tmp_path):
    with open_for_writing(url_of(tmp_path / "new.db")) as storage:
        add_study(storage, "first/custom_cnn")
    assert list(contents(tmp_path)) == ["new.db"]
    assert study_names(url_of(tmp_path / "new.db")) == ("first",)


def test_while_writing_others_can_read_and_what_they_read_is_complete(tmp_path, database):
    with open_for_writing(database) as storage:
        add_study(storage, "second/custom_cnn")
        assert journal_mode(tmp_path / "studies.db") == "wal"
        assert study_names(database) == ("first", "second")
    assert journal_mode(tmp_path / "studies.db") == "delete"


def test_an_error_while_writing_still_leaves_one_file(tmp_path):
    with (
        pytest.raises(ZeroDivisionError),
        open_for_writing(url_of(tmp_path / "studies.db")) as storage,
    ):
        add_study(storage, "first/custom_cnn")
        1 / 0  # noqa: B018
    assert list(contents(tmp_path)) == ["studies.db"]


def test_a_writer_that_ends_leaves_the_log_of_another_alone(tmp_path, database):
    with open_for_writing(database) as first:
        with open_for_writing(database):
            pass
        add_study(first, "second/custom_cnn")
    assert study_names(database) == ("first", "second")


def test_two_writers_never_take_the_same_waiting_trial(database):
    n_trials = 12
    with open_for_writing(database) as storage:
        optuna_study = optuna.load_study(study_name="first/custom_cnn", storage=storage)
        for number in range(n_trials):
            optuna_study.enqueue_trial({"x": number})
    taken, start = [], threading.Barrier(2)

    def take_half():
        with open_for_writing(database) as storage:
            own = optuna.load_study(study_name="first/custom_cnn", storage=storage)
            start.wait()
            for _ in range(n_trials // 2):
                trial = own.ask()
                taken.append(trial.suggest_int("x", 0, 100))
                own.tell(trial, 0.5)

    threads = [threading.Thread(target=take_half) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(taken) == list(range(n_trials))


def test_checking_whether_a_database_can_be_written_changes_nothing(tmp_path, database):
    before = contents(tmp_path)
    check_writable(database)
    check_writable(url_of(tmp_path / "not-yet.db"))
    assert contents(tmp_path) == before


def test_an_empty_file_becomes_a_database(tmp_path):
    path = tmp_path / "empty.db"
    path.touch()
    with open_for_writing(url_of(path)) as storage:
        add_study(storage, "first/custom_cnn")
    assert study_names(url_of(path)) == ("first",)


# Reading changes nothing


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_reading_changes_no_byte_and_leaves_no_file_behind(tmp_path, database, mode):
    journal_mode(tmp_path / "studies.db", set_to=mode)
    before = contents(tmp_path)
    read_study(database, "first")
    newest_study_name(database)
    study_names(database)
    assert contents(tmp_path) == before


def test_reading_sees_what_a_killed_writer_left_in_its_log_without_folding_it_in(
    tmp_path, database
):
    killed, path = tmp_path / "killed", tmp_path / "studies.db"
    killed.mkdir()
    with open_for_writing(database) as storage:
        add_study(storage, "second/custom_cnn")
        for name in ("studies.db", "studies.db-wal"):
            (killed / name).write_bytes((tmp_path / name).read_bytes())
    before = contents(killed)
    assert study_names(url_of(killed / path.name)) == ("first", "second")
    after = contents(killed)
    assert {name: after[name] for name in before} == before


@pytest.fixture
def open_folder():
    # pytest's own temporary folders are closed to other users.
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
        folder.chmod(0o755)


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_a_database_in_a_folder_that_cannot_be_written_can_be_read(open_folder, mode):
    path = open_folder / "studies.db"
    with open_for_writing(url_of(path)) as storage:
        add_study(storage, "first/custom_cnn")
    journal_mode(path, set_to=mode)
    path.chmod(0o444)
    open_folder.chmod(0o555)
    before = contents(open_folder)
    with as_any_user():
        names = study_names(url_of(path))
    assert names == ("first",)
    assert contents(open_folder) == before


# What cannot be opened


def test_a_file_without_write_permission_is_refused_also_for_the_superuser(tmp_path, database):
    path = tmp_path / "studies.db"
    path.chmod(0o444)
    assert "cannot be written" in error_of(write, database)
    assert study_names(database) == ("first",)


@pytest.mark.parametrize("exists", [True, False])
def test_a_folder_without_write_permission_is_refused(open_folder, exists):
    path = open_folder / "studies.db"
    if exists:
        write(url_of(path))
        path.chmod(0o666)
    open_folder.chmod(0o555)
    with as_any_user():
        message = error_of(check_writable, url_of(path))
    assert str(open_folder) in message


def broken(folder, kind):
    path = folder / "broken.db"
    if kind == "a folder":
        path.mkdir()
    elif kind == "a text":
        path.write_text("This is not a database.\n" * 100)
    elif kind == "another program's database":
        execute(path, "CREATE TABLE recipes (name TEXT)")
    elif kind == "no parent folder":
        return folder / "nowhere" / "broken.db"
    elif kind == "a file for a parent":
        (folder / "file").write_text("")
        return folder / "file" / "broken.db"
    elif kind == "a name that is too long":
        return folder / ("x" * 300)
    elif kind == "cut off":
        write(url_of(path))
        path.write_bytes(path.read_bytes()[:-12_000])
    elif kind == "overwritten":
        write(url_of(path))
        whole = path.read_bytes()
        path.write_bytes(whole[:8192] + b"\x5a" * (len(whole) - 8192))
    return path


BROKEN = [
    "a folder",
    "a text",
    "another program's database",
    "no parent folder",
    "a file for a parent",
    "a name that is too long",
    "cut off",
    "overwritten",
]


@pytest.mark.parametrize("action", [write, study_names], ids=["writing", "reading"])
@pytest.mark.parametrize("kind", BROKEN)
def test_what_is_no_database_is_one_line_that_names_it_and_it_stays_as_it_was(
    tmp_path, kind, action
):
    path = broken(tmp_path, kind)
    before = contents(tmp_path)
    message = error_of(action, url_of(path))
    assert path.name[:100] in message
    assert contents(tmp_path) == before


@pytest.mark.parametrize("table", ["studies", "study_user_attributes", "trials", "trial_values"])
def test_a_database_with_a_damaged_table_is_one_line(tmp_path, database, table):
    path = tmp_path / "studies.db"
    with closing(sqlite3.connect(path)) as connection:
        query = "SELECT rootpage FROM sqlite_master WHERE name = ?"
        (page,) = connection.execute(query, [table]).fetchone()
        (page_size,) = connection.execute("PRAGMA page_size").fetchone()
    whole = bytearray(path.read_bytes())
    whole[(page - 1) * page_size : page * page_size] = b"\x5a" * page_size
    path.write_bytes(whole)
    assert "studies.db" in error_of(read_study, database, "first")


def test_a_missing_file_is_an_error_for_reading_and_is_not_created(tmp_path):
    message = error_of(study_names, url_of(tmp_path / "none.db"))
    assert "none.db" in message
    assert "python -m study run" in message
    assert contents(tmp_path) == {}


@pytest.mark.parametrize("action", [write, study_names], ids=["writing", "reading"])
def test_a_database_of_another_optuna_version_says_what_to_do(tmp_path, database, action):
    execute(
        tmp_path / "studies.db",
        "UPDATE alembic_version SET version_num = 'v99.0.0.a'",
        "UPDATE version_info SET schema_version = 99, library_version = '99.0.0'",
    )
    before = contents(tmp_path)
    message = error_of(action, database)
    assert "Optuna" in message
    assert "update" in message
    assert contents(tmp_path) == before


@pytest.mark.parametrize("version", [2, 10**6, "1", None, 1.5])
def test_a_study_of_a_newer_schema_is_refused(database, version):
    with open_for_writing(database) as storage:
        add_study(storage, "newer/custom_cnn", schema_version=version)
    message = error_of(read_study, database, "newer")
    assert repr(version) in message
    assert read_study(database, "first").name == "first"


def test_an_unknown_study_lists_the_known_ones(database):
    with open_for_writing(database) as storage:
        add_study(storage, "second/custom_cnn")
        add_study(storage, "second/retrained")
        optuna.create_study(storage=storage, study_name="of another program")
        optuna.create_study(storage=storage, study_name="of/another program")
    message = error_of(read_study, database, "third")
    assert "'third'" in message
    assert "Known: first, second." in message


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite+pysqlite:///:memory:",
        "sqlite:///file::memory:?uri=true",
        "sqlite:///file:x?mode=memory&uri=true",
    ],
)
def test_a_database_that_is_gone_after_the_run_is_refused(url, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "sqlite:///studies.db" in error_of(check_writable, url, kind=ConfigError)
    assert contents(tmp_path) == {}


@pytest.mark.parametrize(
    "url", ["", "studies.db", "sqlite:/x.db", "://", "postgresql://u:secret@h:port/db", "\x00"]
)
def test_what_is_no_url_is_an_error_that_does_not_repeat_it(url):
    message = error_of(check_writable, url, kind=ConfigError)
    assert "secret" not in message


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://user:secret@127.0.0.1:1/db",
        "mysql://user:secret@127.0.0.1:1/db",
        "nosuch://user:secret@127.0.0.1:1/db",
        "postgresql+nosuch://user:secret@127.0.0.1:1/db",
    ],
)
@pytest.mark.parametrize("action", [write, study_names], ids=["writing", "reading"])
def test_a_missing_driver_is_an_error_without_the_password(url, action):
    message = error_of(action, url, kind=ConfigError)
    assert "secret" not in message
    assert url.partition(":")[0] in message


@pytest.mark.parametrize("action", [write, study_names], ids=["writing", "reading"])
def test_a_server_that_does_not_answer_is_an_error_without_the_password(action, monkeypatch):
    url = "postgresql://user:secret@127.0.0.1:1/db"

    def refuse(_url, **_options):
        raise OperationalError(f"connecting to {url}", {}, Exception(f"refused {url}"))

    monkeypatch.setattr(opening, "RDBStorage", refuse)
    message = error_of(action, url)
    assert "secret" not in message
    assert "127.0.0.1" in message


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://user:secret@host/db",
        "postgresql://user:secret%40@host/db?sslmode=require",
        "postgresql://host/db?user=me&password=secret",
    ],
)
def test_a_url_is_shown_without_its_password(url):
    assert "secret" not in redacted(url)
    assert "host" in redacted(url)


# Names


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_file_of_any_name_is_written_and_read(tmp_path, name):
    path = tmp_path / name
    with open_for_writing(url_of(path)) as storage:
        add_study(storage, "first/custom_cnn")
    assert list(contents(tmp_path)) == [name]
    assert sqlite_path(url_of(path)) == path
    assert study_names(url_of(path)) == ("first",)


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_database_in_a_folder_of_any_name_is_written_and_read(tmp_path, name, monkeypatch):
    folder = tmp_path / name
    folder.mkdir()
    monkeypatch.chdir(folder)
    with open_for_writing("sqlite:///studies.db") as storage:
        add_study(storage, "first/custom_cnn")
    assert list(contents(folder)) == ["studies.db"]
    assert study_names("sqlite:///studies.db") == ("first",)


@pytest.mark.parametrize("name", ["cifar10", "my study", "x" * 200, "ä-猫", "a.b", "...", "<b>"])
def test_a_usable_study_name_is_taken(name):
    check_study_name(name)


@pytest.mark.parametrize(
    "name", ["", "a/b", "/", "x" * 201, "line\nbreak", "tab\t", "nul\x00", ".", "..", "\x1b[31m"]
)
def test_an_unusable_study_name_is_one_line(name):
    message = error_of(check_study_name, name, kind=ConfigError)
    assert "\x1b" not in message


# Which study is the newest


def test_the_newest_study_is_the_one_with_the_last_finished_trial(tmp_path):
    url, noon = url_of(tmp_path / "studies.db"), datetime(2030, 1, 1, 12)
    with open_for_writing(url) as storage:
        add_study(storage, "middle/custom_cnn", finished=noon)
        add_study(storage, "newest/alexnet_lite", finished=noon - timedelta(hours=2))
        add_study(storage, "newest/retrained", finished=noon + timedelta(hours=1))
        add_study(storage, "oldest/custom_cnn", finished=noon - timedelta(hours=3))
        add_study(storage, "nothing finished/custom_cnn", values=())
        later = optuna.create_study(storage=storage, study_name="of another/program")
        later.add_trial(create_trial(state=TrialState.COMPLETE, value=0.5))
        running = optuna.load_study(storage=storage, study_name="oldest/custom_cnn")
        running.ask()
    assert newest_study_name(url) == "newest"


def test_the_newest_study_is_one_that_can_be_read(database):
    with open_for_writing(database) as storage:
        add_study(storage, "without a group", finished=datetime(2100, 1, 1))
    assert newest_study_name(database) in study_names(database)


def test_without_finished_trials_there_is_no_newest_study(tmp_path):
    url = url_of(tmp_path / "studies.db")
    with open_for_writing(url) as storage:
        add_study(storage, "empty/custom_cnn", values=())
    assert "no finished trial" in error_of(newest_study_name, url)


# Odd records


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**400, -(10**400), 2**63])
    | st.floats()
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)
TRIAL_KEYS = [
    *("training_accuracy", "training_loss", "validation_loss", "n_parameters", "forward_flops"),
    *("training_seconds", "sampler", "seed", "baseline", "failure", "worker", "versions"),
]
RESULT_KEYS = [
    *("configuration", "source_trial", "hyperparameters", "epochs", "training_accuracy"),
    *("training_loss_by_epoch", "precision", "recall", "f1", "confusion_matrix", "predictions"),
    *("n_parameters", "forward_flops", "training_seconds", "model_bytes", "versions"),
    "milliseconds_per_image",
]


def attributes(keys):
    return st.fixed_dictionaries({}, optional=dict.fromkeys(keys, JSON))


def odd_trial(attrs, values, **changes):
    known = {"state": TrialState.COMPLETE, "value": 0.5}
    return create_trial(**{**known, **changes}, user_attrs=attrs, intermediate_values=values)


@given(attributes(TRIAL_KEYS), st.dictionaries(st.integers(-1, 5), st.floats(), max_size=3))
@settings(max_examples=60, deadline=None)
def test_a_search_trial_with_odd_attributes_reads_as_a_record(attrs, values):
    record = trial_record(odd_trial(attrs, values))
    assert record.value == 0.5
    for name in ("training_accuracy", "training_loss", "validation_loss"):
        assert all(isinstance(value, float) for value in getattr(record, name))
    for name in ("n_parameters", "forward_flops", "seed"):
        assert isinstance(getattr(record, name), int | None)
    for name in ("sampler", "baseline", "failure"):
        assert isinstance(getattr(record, name), str | None)


@given(attributes(RESULT_KEYS), st.dictionaries(st.integers(-1, 5), st.floats(), max_size=3))
@settings(max_examples=60, deadline=None)
def test_a_retrained_trial_with_odd_attributes_reads_as_a_record_or_as_none(attrs, values):
    trial = odd_trial(
        attrs,
        values,
        params={"family": "custom_cnn", "augmentation": True, "seed": 0},
        distributions={
            "family": optuna.distributions.CategoricalDistribution(["custom_cnn"]),
            "augmentation": optuna.distributions.CategoricalDistribution([True]),
            "seed": optuna.distributions.IntDistribution(0, 9),
        },
    )
    record = retrained_result(trial)
    assert (record is None) == (not isinstance(attrs.get("configuration"), str))
    if record is not None:
        assert isinstance(record.predictions, bytes)
        assert len({len(row) for row in record.confusion_matrix}) <= 1


ODD_VALUES = [None, True, "text", 3, -0.5, float("nan"), 10**400, [], [1, "a", None], {}, {"a": []}]


def test_a_study_with_odd_attributes_is_read(tmp_path):
    url = url_of(tmp_path / "studies.db")
    keys = ("roles", "baselines", "settings", "versions", "title", "dataset")
    with open_for_writing(url) as storage:
        for number, odd in enumerate(ODD_VALUES):
            add_study(storage, f"all {number}/custom_cnn", **dict.fromkeys(keys, odd))
            dataset = dict.fromkeys(["name", "classes", "image_shape", "digests", "n_test"], odd)
            add_study(storage, f"inner {number}/retrained", dataset=dataset, test_labels=odd)
    for number, odd in enumerate(ODD_VALUES):
        assert read_study(url, f"all {number}").dataset.name == "unknown"
        record = read_study(url, f"inner {number}")
        assert record.dataset.name == (odd if isinstance(odd, str) else "unknown")
        assert record.test_labels == b""


def test_values_of_the_wrong_type_read_as_absent_and_odd_members_keep_their_places():
    record = trial_record(
        odd_trial(
            {
                "n_parameters": "many",
                "forward_flops": True,
                "seed": 1.5,
                "sampler": 3,
                "training_seconds": float("nan"),
                "training_loss": [0.5, None, "x", 0.25],
            },
            {2: 0.2, 1: 0.1},
        )
    )
    assert record.n_parameters is None
    assert record.forward_flops is None
    assert record.seed is None
    assert record.sampler is None
    assert record.training_seconds is None
    assert [str(loss) for loss in record.training_loss] == ["0.5", "nan", "nan", "0.25"]
    assert record.validation_accuracy == ((1, 0.1), (2, 0.2))


@pytest.mark.parametrize("state", [TrialState.FAIL, TrialState.PRUNED])
def test_only_a_completed_trial_has_a_value(state):
    value = 0.9 if state == TrialState.PRUNED else None
    assert trial_record(odd_trial({}, {1: 0.9}, state=state, value=value)).value is None


def test_a_study_is_read_as_it_was_written(tmp_path):
    url = url_of(tmp_path / "studies.db")
    with open_for_writing(url) as storage:
        add_study(storage, "s/custom_cnn", values=(0.25, 0.5))
        add_study(storage, "s/alexnet_lite", values=())
        add_study(storage, "s/retrained", values=(), dataset={**DATASET, "n_test": 40})
        add_study(storage, "another/custom_cnn", values=(0.75,))
    record = read_study(url, "s")
    assert [family.family for family in record.families] == ["alexnet_lite", "custom_cnn"]
    assert [trial.value for trial in record.families[1].trials] == [0.25, 0.5]
    assert record.dataset.classes == ("cat", "dog")
    # The number of test images is known, and stored, only once the test split was read.
    assert (record.dataset.n_train, record.dataset.n_test) == (80, 40)


def test_a_reader_cannot_write(database):
    with open_for_reading(database) as storage, pytest.raises(Exception, match=r"(?s)."):
        optuna.create_study(storage=storage, study_name="mine")
    assert study_names(database) == ("first",)
