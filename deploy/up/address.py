"""The address of `aepipe up`: where it listens, the names that it answers to, the pages that may use it."""

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from aepipe.deploy.up.guarded import ANY_ADDRESS
from aepipe.io.listening import THIS_MACHINE, listen, url_of

# To the address by which this machine itself reaches it.
EVERYWHERE: Mapping[str, str] = {"0.0.0.0": "127.0.0.1", "::": "::1"}
# Operators name other addresses by which browsers and links lead to the server.
PUBLIC_VARIABLES = ("PREFECT_SERVER_UI_API_URL", "PREFECT_UI_URL")


@dataclass(frozen=True)
class Address:
    """An address of this machine, and a port.

    Attributes:
        host: A name, an address, or one that stands for all of them.
        port: The port.
    """

    host: str
    port: int

    @property
    def url(self) -> str:
        """Where commands and workers of this machine reach it."""
        return url_of(EVERYWHERE.get(self.host, self.host), self.port)

    @property
    def is_local(self) -> bool:
        """Whether no other machine can reach it."""
        return self.host in THIS_MACHINE

    def hosts(self, environment: Mapping[str, str]) -> list[str]:
        """Return the names that requests may call it by.

        Args:
            environment: Where operators name public addresses.
        """
        own = [socket.gethostname(), socket.getfqdn(), ANY_ADDRESS] if self.host in EVERYWHERE else [self.host]
        public = [urlsplit(environment.get(name, "")).hostname for name in PUBLIC_VARIABLES]
        return list(dict.fromkeys([*own, *THIS_MACHINE, *filter(None, public)]))

    def origins(self, environment: Mapping[str, str]) -> list[str]:
        """Return whose pages may use it: the UI's, under each name of the server."""
        names = [host for host in self.hosts(environment) if host != ANY_ADDRESS]
        public = [urlsplit(environment[name]) for name in PUBLIC_VARIABLES if environment.get(name)]
        found = [*(url_of(name, self.port) for name in names), *(f"{url.scheme}://{url.netloc}" for url in public)]
        return list(dict.fromkeys(found))

    def listen(self) -> socket.socket:
        """Return a socket that listens there, and that a child can have.

        Raises:
            ListenError: the address is not this machine's, or somebody else listens there.
        """
        listening = listen(self.host, self.port)
        listening.set_inheritable(True)
        return listening
