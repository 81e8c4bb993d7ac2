"""What a page that is to need nothing from anywhere refers to."""

from html.parser import HTMLParser


class References(HTMLParser):
    """Whatever a page would fetch or point to."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [f"{tag} {name}={value}" for name, value in attrs if name in ("src", "href", "action", "data")]
        if tag in ("script", "link", "iframe", "img"):
            self.found.append(tag)
