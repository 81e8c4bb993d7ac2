"""`make reference`: writes the pages and diagrams of the documentation that are made."""

from tools.reference.pages import FOLDER, pages

for name, text in pages().items():
    (FOLDER / name).write_text(text, "utf-8")
