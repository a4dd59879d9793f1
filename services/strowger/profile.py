"""The local profile: what a second terminal needs to go on without flags."""

import os
import tempfile
from pathlib import Path
from typing import Final, Self

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from strowger.settings import BootstrapServers, Settings

FILE_NAME: Final = "profile.json"


class ProfileDamaged(Exception):
    """A profile that can't be read; the message names the file and the way out."""


class Profile(BaseModel):
    """Who acts where, by default, and what was last asked; kept as JSON in the home directory."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bootstrap: BootstrapServers | None = None
    market: str | None = None
    buyer: str | None = None
    provider: str | None = None
    last_request: dict[str, JsonValue] | None = None

    @classmethod
    def load(cls, home: Path) -> Self:
        """Read the profile in `home`; an empty one if none was saved.

        Raises:
            ProfileDamaged: the file is no profile.
        """
        path = home / FILE_NAME
        try:
            return cls.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return cls()
        except ValidationError as error:
            raise ProfileDamaged(
                f"{path} can't be read as a profile ({error.error_count()} faults): "
                "mend it, or remove it and say what it held with flags"
            ) from error

    def save(self, home: Path) -> None:
        """Replace the profile in `home` at once: a reader sees the old or the new, never a part."""
        home.mkdir(parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(dir=home, prefix=FILE_NAME)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(self.model_dump_json(indent=2, exclude_none=True) + "\n")
                file.flush()
                os.fsync(file.fileno())
            Path(part).replace(home / FILE_NAME)
        except BaseException:
            Path(part).unlink(missing_ok=True)
            raise


def effective(settings: Settings, profile: Profile) -> Settings:
    """Fill what neither a flag nor the environment set from the profile."""
    names = ("bootstrap", "market", "buyer", "provider")
    return settings.model_copy(
        update={name: getattr(profile, name) for name in names if getattr(settings, name) is None}
    )
