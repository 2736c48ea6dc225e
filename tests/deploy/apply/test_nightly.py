"""The operator's own file: each entry is a deployment of its own, and what is wrong in one is said in one line."""

import pytest
import yaml

from aepipe.deploy.apply.everything import apply_all, check_all
from aepipe.deploy.apply.nightly import load_nights
from aepipe.errors import ParameterError

STORE = "s3://models/aepipe"
PHOTOS = {"name": "photos", "data_set": "images:/srv/photos"}


@pytest.fixture
def write(tmp_path):
    """Writes an operator's file of these entries, or of this text."""

    def write(*entries, text: str | None = None):
        file = tmp_path / "nightly.yaml"
        file.write_text(yaml.safe_dump(list(entries)) if text is None else text)
        return file

    return write


def load(file):
    return load_nights(file, STORE, "process")


def test_two_lines_are_enough(write):
    (found,) = load(write(text="- name: photos\n  data_set: images:/srv/photos\n"))
    assert found.full_name == "nightly/photos"
    assert found.parameters == {
        "store": STORE,
        "execution": "pool",
        "data_set": "images:/srv/photos",
        "recipes": ["faces-conv"],
    }
    (schedule,) = found.schedules
    assert (schedule.cron, schedule.timezone) == ("0 2 * * *", "Etc/UTC")


def test_an_entry_may_have_whatever_the_pipeline_takes(write):
    more = {
        "recipes": "mnist-dense",
        "cron": "30 3 * * 1-5",
        "timezone": "Europe/Paris",
        "channel": "photos",
        "model": "faces-of-staff",
        "store": "s3://other/aepipe",
        "publishing": {"regression_tolerance": 0.1},
        "overrides": {"epochs": 20},
        "data": {"most_left_out": 0.2},
        "split": {"seed": 3},
    }
    (found,) = load(write({**PHOTOS, **more}))
    assert found.parameters["recipes"] == ["mnist-dense"]
    assert found.parameters["publishing"] == {"regression_tolerance": 0.1, "channel": "photos"}
    assert found.parameters["store"] == "s3://other/aepipe"
    assert (found.name, found.parameters["name"]) == ("photos", "faces-of-staff")
    assert found.schedules[0].timezone == "Europe/Paris"


def test_a_relative_folder_is_meant_from_the_file(write):
    file = write({**PHOTOS, "data_set": "images:photos", "data": {"clean": "clean", "mask": "mask.png"}})
    parameters = load(file)[0].parameters
    assert parameters["data_set"] == f"images:{file.parent}/photos"
    assert parameters["data"] == {"clean": f"{file.parent}/clean", "mask": f"{file.parent}/mask.png"}


REFUSED = {
    "unknown key": ({"recipe": "faces-conv"}, r"photos: an entry has some of name, .*unknown='recipe'.*mean recipes\?"),
    "no data set": ({"data_set": None}, r"photos\.data_set: .* Received: data_set=None"),
    "unknown data set": ({"data_set": "mnits"}, r"nightly/photos: .*data_set: .* Received: data_set='mnits'"),
    "unknown recipe": ({"recipes": "faces"}, r"nightly/photos: parameters\.recipes\.0: .* Received: recipes='faces'"),
    "unknown inner name": (
        {"overrides": {"epoch": 3}},
        r"photos: .*overrides: .* Received: name='epoch'\. Did you mean epochs\? Correct",
    ),
    "out of bounds": ({"data": {"most_left_out": 2}}, r"most_left_out: .*less than or equal to 1.*most_left_out=2"),
    "broken cron": ({"cron": "at two"}, r"photos\.cron: .* Received: cron='at two'"),
    "unknown zone": ({"timezone": "Mars/Base"}, r"photos\.timezone: .* Received: timezone='Mars/Base'"),
    "wrong channel": ({"channel": "A B"}, r"nightly/photos: .*publishing\.channel: .* Received: channel='A B'"),
    "channel twice": ({"channel": "a", "publishing": {"channel": "b"}}, r"photos: a channel is named once"),
    "a name for two": (
        {"model": "one", "recipes": ["faces-conv", "mnist-dense"]},
        r"photos: .* name is for one recipe",
    ),
    "accepts for ever": ({"accept_data": "yes"}, r"photos: .* for one run, not for every night\. .*accept_data='yes'"),
    "slash in the name": ({"name": "a/b"}, r"a/b\.name: .* Received: name='a/b'"),
    "job variable": ({"job_variables": {"ram": 1}}, r"nightly/photos: job_variables are some of .*unknown=\['ram'\]"),
}


@pytest.mark.parametrize(("changes", "line"), REFUSED.values(), ids=REFUSED)
def test_what_is_wrong_is_said_in_one_line(write, changes, line):
    file = write({**PHOTOS, **changes})
    with pytest.raises(ParameterError, match=line) as refused:
        load(file)
    assert f"Correct it in {file}." in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_name_stands_once(write):
    with pytest.raises(
        ParameterError, match=r"a name of their own each\. Received: names=\['nightly/photos', 'nightly/photos'"
    ):
        load(write(PHOTOS, PHOTOS))


@pytest.mark.parametrize("text", ["photos: images:/srv/photos", "- photos", "3"])
def test_what_is_no_list_of_entries_is_refused(write, text):
    with pytest.raises(ParameterError, match="a list of entries, each with a name and a data_set"):
        load(write(text=text))


INBOX = {"name": "inbox", "use": "score", "images": "/srv/inbox", "model": "conv@images-photos"}


def test_a_model_is_used_every_hour_on_what_is_new(write):
    (found,) = load(write(INBOX))
    assert found.full_name == "score/inbox"
    assert found.parameters == {
        "store": STORE,
        "new_only": True,
        "images": "/srv/inbox",
        "model": "conv@images-photos",
    }
    (schedule,) = found.schedules
    assert (schedule.cron, schedule.timezone) == ("0 * * * *", "Etc/UTC")


def test_a_use_may_have_whatever_its_flow_takes_and_the_name_of_another_entry(write):
    night = {**PHOTOS, "name": "inbox"}
    more = {"cron": "5 4 * * *", "new_only": False, "false_alarm_rate": 0.05, "images": "images:inbox"}
    file = write(night, {**INBOX, **more}, {**INBOX, "name": "rows", "images": None, "rows": "mnist:test"})
    nightly, scored, rows = load(file)
    assert (nightly.full_name, scored.full_name) == ("nightly/inbox", "score/inbox")
    assert scored.parameters["images"] == f"{file.parent}/inbox"
    assert (scored.parameters["new_only"], scored.parameters["false_alarm_rate"]) == (False, 0.05)
    assert rows.parameters["rows"] == "mnist:test"


REFUSED_USES = {
    "unknown use": ({"use": "judge"}, r"inbox: a model is used to score.* Received: use='judge'"),
    "no pictures": ({"images": None}, r"inbox: to score takes model and either images or rows\. Received: names="),
    "both": ({"rows": "mnist:test"}, r"inbox: to score takes model and either images or rows\. Received: names="),
    "unknown key": ({"recipes": "faces-conv"}, r"inbox: an entry has some of name, .*unknown='recipes'"),
    "out of bounds": ({"false_alarm_rate": 2}, r"score/inbox: .*false_alarm_rate: .* Received: false_alarm_rate=2"),
    "unknown inner name": ({"watching": {"most": 1}}, r"score/inbox: .*watching\.most: .* Received: most=1"),
    "broken cron": ({"cron": "hourly"}, r"inbox\.cron: .* Received: cron='hourly'"),
}


@pytest.mark.parametrize(("changes", "line"), REFUSED_USES.values(), ids=REFUSED_USES)
def test_what_is_wrong_about_a_use_is_said_in_one_line(write, changes, line):
    with pytest.raises(ParameterError, match=line) as refused:
        load(write({**INBOX, **changes}))
    assert "\n" not in str(refused.value)


def test_entries_come_change_and_go(client, write):
    def apply(file, command=apply_all):
        return list(command(client, STORE, "process", None, None, file))

    first = write(PHOTOS, {**PHOTOS, "name": "shoes"})
    assert "deployment nightly/photos: missing" in apply(first, check_all)
    assert {"deployment nightly/photos: created", "deployment nightly/shoes: created"} <= set(apply(first))
    assert apply(first) == []
    moved = write({**PHOTOS, "cron": "0 4 * * *"})
    assert apply(moved) == ["schedule nightly/photos nightly: updated", "schedule nightly/shoes nightly: removed"]
    assert apply(moved) == []
