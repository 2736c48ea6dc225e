"""One pickled batch, read opcode by opcode: what the published files use is carried out here, all else is refused.

The pickle module is not asked: a few hundred bytes can make it hash a tuple of a million levels, fill the memory from
a length that is announced, or work for minutes in a codec.
"""

import math
import pickletools
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

import numpy as np

from aepipe.errors import DataError

MAX_OPCODES = 500_000
MAX_OPEN_MARKS = 8
MAX_IN_TUPLE = 16
MAX_DIMENSIONS = 4
SCALARS = (int, str, bytes)
# What the file's reader raises for an opcode that is none, is cut off, or finds too little on the stack.
DAMAGED = (ValueError, LookupError, TypeError, OverflowError, RecursionError)


class _Name(Enum):
    """What a batch refers to by name; none of it is ever imported."""

    RECONSTRUCT = "numpy's _reconstruct"
    ARRAY = "numpy's ndarray"
    BYTE_TYPE = "numpy's dtype"
    ENCODE = "_codecs.encode"


ADMITTED = {
    "numpy.core.multiarray _reconstruct": _Name.RECONSTRUCT,
    "numpy._core.multiarray _reconstruct": _Name.RECONSTRUCT,
    "numpy ndarray": _Name.ARRAY,
    "numpy dtype": _Name.BYTE_TYPE,
    "_codecs encode": _Name.ENCODE,
}


class _Array:
    """An array whose values come later."""

    values: np.ndarray | None = None


class _ByteType:
    """The type of unsigned bytes, the only one."""


def read_batch(data: bytes) -> dict[str, Any]:
    """Return what a pickled batch holds; numpy arrays come back as uint8 arrays.

    Raises:
        DataError: the pickle holds anything but byte arrays, str, bytes, list, dict and int, or is damaged.
    """
    try:
        batch = _Machine().run(data)
    except DAMAGED as error:
        raise DataError(f"The batch is no pickle of arrays, text and integers, in protocol 2 or 3: {error}.") from error
    if not isinstance(batch, dict):
        raise DataError("A batch must be a dict.", type=type(batch).__name__)
    return {key: value.values if isinstance(value, _Array) else value for key, value in batch.items()}


class _Machine:
    """The stack, the marks and the memo of one pickle. A wrong step raises one of `DAMAGED`."""

    def __init__(self) -> None:
        self._stack: list[Any] = []
        self._marks: list[int] = []
        self._memo: dict[int, Any] = {}
        self._bytes_left = 0
        self._steps: Mapping[str, Callable[[Any], None]] = {
            **dict.fromkeys(("BININT", "BININT1", "BININT2"), self._stack.append),
            **dict.fromkeys(("SHORT_BINSTRING", "BINSTRING", "BINUNICODE"), self._stack.append),
            **dict.fromkeys(("SHORT_BINBYTES", "BINBYTES"), self._stack.append),
            "NONE": self._stack.append,
            "NEWTRUE": lambda _: self._stack.append(True),
            "NEWFALSE": lambda _: self._stack.append(False),
            "EMPTY_LIST": lambda _: self._stack.append([]),
            "EMPTY_DICT": lambda _: self._stack.append({}),
            "EMPTY_TUPLE": lambda _: self._stack.append(()),
            "MARK": self._mark,
            "TUPLE": lambda _: self._push_tuple(self._since_mark()),
            "TUPLE1": lambda _: self._push_tuple(self._last(1)),
            "TUPLE2": lambda _: self._push_tuple(self._last(2)),
            "TUPLE3": lambda _: self._push_tuple(self._last(3)),
            "APPEND": lambda _: self._extend(self._last(1)),
            "APPENDS": lambda _: self._extend(self._since_mark()),
            "SETITEM": lambda _: self._update(self._last(2)),
            "SETITEMS": lambda _: self._update(self._since_mark()),
            "BINPUT": self._put,
            "LONG_BINPUT": self._put,
            "BINGET": self._get,
            "LONG_BINGET": self._get,
            "GLOBAL": self._find,
            "REDUCE": lambda _: self._call(*self._last(2)),
            "BUILD": lambda _: self._build(*self._last(1)),
            "PROTO": lambda _: None,
        }

    def run(self, data: bytes) -> Any:
        """Return what the pickle makes."""
        # Each text is encoded once, if at all; one that is asked for again and again would fill the memory.
        self._bytes_left = len(data)
        for number, (opcode, argument, _) in enumerate(pickletools.genops(data)):
            if opcode.name == "STOP":
                (result,) = self._stack
                return result
            if number >= MAX_OPCODES:
                raise ValueError(f"it has more than {MAX_OPCODES} opcodes")
            if opcode.name not in self._steps:
                raise ValueError(f"the opcode {opcode.name} is not admitted")
            self._steps[opcode.name](argument)
        raise ValueError("it is cut off")

    def _mark(self, _: None) -> None:
        if len(self._marks) >= MAX_OPEN_MARKS:
            raise ValueError("it is nested too deep")
        self._marks.append(len(self._stack))

    def _since_mark(self) -> list[Any]:
        start = self._marks.pop()
        items = self._stack[start:]
        del self._stack[start:]
        return items

    def _last(self, count: int) -> list[Any]:
        return [self._stack.pop() for _ in range(count)][::-1]

    def _push_tuple(self, items: list[Any]) -> None:
        is_deep = any(isinstance(part, tuple) for item in items if isinstance(item, tuple) for part in item)
        if len(items) > MAX_IN_TUPLE or is_deep or any(isinstance(item, list | dict) for item in items):
            raise ValueError("a tuple is long or deep")
        self._stack.append(tuple(items))

    def _extend(self, items: list[Any]) -> None:
        target = self._stack[-1]
        if not isinstance(target, list) or not all(isinstance(item, SCALARS) for item in items):
            raise ValueError("a list holds more than text and integers")
        target.extend(items)

    def _update(self, items: list[Any]) -> None:
        target, keys, values = self._stack[-1], items[::2], items[1::2]
        if not isinstance(target, dict) or not all(isinstance(key, str) for key in keys):
            raise ValueError("a dict has keys that are no text")
        if not all(isinstance(value, (*SCALARS, list, _Array)) for value in values):
            raise ValueError("a dict holds more than arrays, lists, text and integers")
        target.update(zip(keys, values, strict=True))

    def _put(self, number: int) -> None:
        self._memo[number] = self._stack[-1]

    def _get(self, number: int) -> None:
        self._stack.append(self._memo[number])

    def _find(self, name: str) -> None:
        if name not in ADMITTED:
            raise ValueError(f"{name.replace(' ', '.')[:80]} is not admitted")
        self._stack.append(ADMITTED[name])

    def _call(self, function: Any, arguments: Any) -> None:
        if function is _Name.RECONSTRUCT:
            self._stack.append(_Array())
        elif function is _Name.BYTE_TYPE and arguments[0] in ("u1", "|u1"):
            self._stack.append(_ByteType())
        elif function is _Name.ENCODE and arguments[1:] == ("latin1",):
            # How Python 3 writes bytes in protocol 2.
            self._stack.append(self._encode(arguments[0]))
        else:
            raise ValueError("it calls something, or an array's dtype is not uint8")

    def _encode(self, text: str) -> bytes:
        self._bytes_left -= len(text)
        if self._bytes_left < 0:
            raise ValueError("it encodes more text than it has")
        return text.encode("latin1")

    def _build(self, state: Any) -> None:
        target = self._stack[-1]
        if isinstance(target, _ByteType):
            return  # Byte order and alignment, which single bytes don't have.
        if not isinstance(target, _Array):
            raise ValueError("it sets the state of something that is no array")
        _, shape, byte_type, is_fortran, data = state
        if not isinstance(byte_type, _ByteType) or not isinstance(shape, tuple):
            raise ValueError("an array must have a shape and a dtype")
        raw = self._encode(data) if isinstance(data, str) else data
        if not isinstance(raw, bytes) or len(shape) > MAX_DIMENSIONS or math.prod(shape) != len(raw):
            raise ValueError("an array's shape must fit its bytes")
        target.values = np.frombuffer(raw, np.uint8).reshape(shape, order="F" if is_fortran else "C")
