"""What the environment (or a `.env` file) says: every variable the service reads, in one place."""

from typing import Literal

from pydantic import ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict


class UnusableSetting(Exception):
    """A variable is missing or makes no sense; the message names it and holds no value."""


class Settings(BaseSettings):
    """`BUSBAR_` variables (contract section 11)."""

    model_config = SettingsConfigDict(env_prefix="BUSBAR_", env_file=".env", extra="ignore")

    database_url: str | None = None
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = "INFO"
    log_format: Literal["json", "console"] = "console"


def load() -> Settings:
    """The settings of this process. Raises UnusableSetting; no value is shown, as it may be a secret."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = f"BUSBAR_{'_'.join(map(str, first['loc']))}".upper()
        raise UnusableSetting(f"The variable {name} cannot be used: {first['msg']}.") from None
    except (UnicodeDecodeError, OSError):
        raise UnusableSetting("The file .env cannot be read; it has to be text in UTF-8.") from None


def database_url() -> str:
    """The configured database. Raises UnusableSetting where there is none."""
    url = load().database_url
    if url is None:
        raise UnusableSetting("The variable BUSBAR_DATABASE_URL is missing: which database?")
    return url
