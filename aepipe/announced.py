"""Things from outside: what other distributions announce under an entry-point group of aepipe.

What is announced is read from their metadata, and imported when it is asked for. One that is broken is an error of its
own, which names the distribution, and stops no other.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import metadata

from aepipe.errors import ParameterError


@cache
def _points(group: str) -> Mapping[str, tuple[metadata.EntryPoint, ...]]:
    found: dict[str, tuple[metadata.EntryPoint, ...]] = {}
    for point in sorted(metadata.entry_points(group=group), key=lambda point: (point.name, point.value)):
        found[point.name] = (*found.get(point.name, ()), point)
    return found


@dataclass(frozen=True)
class Group:
    """An entry-point group.

    Attributes:
        name: The group's name.
        kind: What is announced under it: recipe.
        article: What stands before that.
    """

    name: str
    kind: str
    article: str = "A"

    def names(self) -> tuple[str, ...]:
        """Return the names that are announced; nothing is imported for it."""
        return tuple(_points(self.name))

    def modules(self, name: str) -> tuple[str, ...]:
        """Return the modules that are announced under a name."""
        return tuple(point.module for point in _points(self.name).get(name, ()))

    def load(self, name: str, taken: Collection[str]) -> object:
        """Return what a distribution announces under a name.

        Args:
            name: One of `names`.
            taken: Names of aepipe's own.

        Raises:
            ParameterError: several announce it, aepipe has one of this name, or its module can't be imported.
        """
        points, one = _points(self.name)[name], f"{self.article} {self.kind}"
        if len(points) > 1:
            raise self.refused(f"{one}'s name is announced by one distribution.", name)
        if name in taken:
            raise self.refused(f"{one} from outside has another name than aepipe's own.", name)
        try:
            return points[0].load()
        # Whatever somebody else's module raises is told as what it is: a fault of that distribution.
        except Exception as error:
            problem = " ".join(f"{type(error).__name__}: {error}".split())
            raise self.refused(f"{one}'s module can be imported.", name, problem=problem) from error

    def refused(self, rule: str, name: str, **received: object) -> ParameterError:
        """Return the error that what is announced under a name breaks a rule."""
        who = " and ".join(self._distributions(name))
        about = {self.kind: name, "distribution": who, **received}
        return ParameterError(rule, f"Mend or uninstall {who}.", **about)

    def _distributions(self, name: str) -> Iterator[str]:
        for point in _points(self.name)[name]:
            yield f"{point.dist.name} {point.dist.version}" if point.dist else point.value


def forget() -> None:
    """Forget what is announced; it is read anew."""
    _points.cache_clear()
