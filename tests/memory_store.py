"""A store in memory for tests that ask it thousands of things: one dictionary, with a clock that a test can move."""

import hashlib

from aepipe.errors import ConflictError, ObjectNotFoundError
from aepipe.store import ObjectInfo, Versioned, check_key


class MemoryStore:
    url = "memory://store"
    compared = "digest"
    deletes_in_batch = True

    def __init__(self):
        self.objects: dict[str, tuple[bytes, float]] = {}
        self.now = 1_800_000_000.0

    def put(self, key, data):
        self.objects[check_key(key)] = (bytes(data), self.now)

    def put_file(self, key, path):
        self.put(key, path.read_bytes())

    def put_files(self, files, on_file=None):
        for key, path in files.items():
            self.put_file(key, path)

    def create(self, key, data):
        if self.objects.get(check_key(key), (data,))[0] != data:
            raise ConflictError("Somebody else was first.", key=key)
        self.put(key, data)

    def get(self, key):
        found = self.get_versioned(key)
        if found is None:
            raise ObjectNotFoundError("The store must hold an object under this key.", key=key)
        return found.data

    def get_file(self, key, path):
        path.write_bytes(self.get(key))

    def get_versioned(self, key):
        if check_key(key) not in self.objects:
            return None
        data = self.objects[key][0]
        return Versioned(data, hashlib.sha256(data).hexdigest())

    def swap(self, key, data, version):
        found = self.get_versioned(key)
        if (found.version if found else None) != version:
            raise ConflictError("Somebody else was first.", key=key)
        self.put(key, data)

    def exists(self, key):
        return check_key(key) in self.objects

    def list(self, prefix):
        for key, (data, modified) in sorted(self.objects.items()):
            if key.startswith(prefix):
                yield ObjectInfo(key, len(data), modified)

    def names(self, prefix):
        left = [key.removeprefix(prefix).partition("/") for key in list(self.objects) if key.startswith(prefix)]
        yield from sorted({name + slash for name, slash, _ in left})

    def delete(self, key):
        self.objects.pop(check_key(key), None)

    def delete_many(self, keys):
        for key in keys:
            self.delete(key)

    def clock(self):
        return self.now

    def abort_stale_uploads(self, older_than_seconds):
        return 0
