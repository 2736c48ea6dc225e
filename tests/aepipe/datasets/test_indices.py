from aepipe.datasets.index import OK, blocks_of, make_index
from aepipe.datasets.indices import list_indices, load_index, save_index
from aepipe.store import open_store


def index_of(*paths):
    return make_index({"path": path, "state": OK, "block": f"blocks/f/{path}.npy", "block_row": 0} for path in paths)


def paths_of(store, step):
    return [list(load_index(store, key).rows["path"]) for key in list_indices(store, "images-pets", step)]


def test_the_newest_comes_first_and_steps_and_data_sets_are_apart(tmp_path):
    store = open_store(tmp_path)
    for number in range(3):
        save_index(store, "images-pets", "data", index_of(f"{number}.png"))
    save_index(store, "images-pets", "split", index_of("split.png"))
    save_index(store, "images-pets-split", "data", index_of("other.png"))
    found = paths_of(store, "data")
    assert found == [["2.png"], ["1.png"], ["0.png"]]
    assert paths_of(store, "split") == [["split.png"]]
    assert list_indices(store, "images", "data") == []


def test_what_was_chosen_otherwise_is_apart(tmp_path):
    store = open_store(tmp_path)
    for choice in ("aaaa", "bbbb"):
        save_index(store, "images-pets", "data", index_of(choice), choice)
    assert len(list_indices(store, "images-pets", "data")) == 2
    assert list_indices(store, "images-pets", "data", "cccc") == []
    (key,) = list_indices(store, "images-pets", "data", "aaaa")
    assert list(load_index(store, key).rows["path"]) == ["aaaa"]


def test_the_blocks_that_an_index_needs(tmp_path):
    rows = [{"path": "b", "state": "broken"}, *index_of("a", "c").rows.to_dict("records")]
    assert blocks_of(make_index(rows)) == {"blocks/f/a.npy", "blocks/f/c.npy"}
