"""The messages of usermgr-bulk about a file of people: its encoding, its header row, and the form of a row."""

from __future__ import annotations

from usermgr_console._i18n import N_

__all__ = ["FILES"]

FILES = (
    N_("line %(line)s: %(error)s"),
    N_("line %(line)s: nothing can be read from here on: %(error)s"),
    N_("the input cannot be read any further"),
    # --- Encoding
    N_("the input begins with the byte order mark of %(encoding)s: leave the encoding out, or take the mark away"),
    N_("there is no byte order mark in %(encoding)s"),
    N_("line %(line)s is not text in %(encoding)s: the file may be cut or damaged; save it again, best as UTF-8"),
    N_("line %(line)s is not text in %(encoding)s, so the encoding must be named with the option encoding; %(what)s"),
    N_("it is not shown, because the file has a column of passwords"),
    N_("it reads %(readings)s"),
    N_("as %(encoding)s: %(text)s"),
    N_("as %(encoding)s: (cannot be read)"),
    N_("the line is not text in %(encoding)s"),
    N_("the line has NUL characters, which no CSV file has: the file may be cut or damaged"),
    # --- The header row
    N_("the input is empty: its first row must name the columns"),
    N_("line %(line)s: the header row cannot be read: %(error)s"),
    N_(
        "line %(line)s: the header row must have a column username, with a comma, a semicolon or a tab between its "
        "columns"
    ),
    N_("line %(line)s: the header row has a column username with more than one delimiter: name the right one"),
    N_("the header row has the column %(column)s twice: remove one of them"),
    N_("the header row has no column username"),
    N_(
        "the header row has a column %(column)s, which is neither a field (%(known)s) nor a known attribute: correct "
        "it, or write %(explicit)s"
    ),
    N_("removal must be a text that no spreadsheet changes, such as \\- or (remove), and not begin with %(mark)s"),
    # --- A row of CSV
    N_("the row is longer than %(bytes)s bytes: a quotation mark may be missing"),
    N_("a quotation mark in this row does not close before the input ends"),
    N_("the row has a carriage return outside quotation marks: end lines with LF or CRLF"),
    N_("a cell has text beside its quotation marks: they enclose the whole cell, and inside it they are doubled"),
    N_(
        "the row has %(cells)s cells, and the header row %(columns)s: add or remove what is missing or too much; a "
        "value with the delimiter in it stands between quotation marks"
    ),
    N_("%(column)s must be 1 in a row with marks, and empty in another"),
    N_("%(column)s cannot be removed"),
    N_(
        "%(column)s has %(what)s: write the value itself, in a column that is formatted as text; if it is right, "
        "write %(mark)s before it and 1 into a column %(marked)s"
    ),
    N_("a number that a spreadsheet has shortened"),
    N_("a number of more than 15 digits, which a spreadsheet ends with zeros"),
    N_("the error of a formula"),
    N_("enabled must be true or false"),
    N_("groups must be names with | between them; inside a name, write \\| for | and \\\\ for \\ "),
    N_("%(column)s must be %(expected)s, such as 2026-01-31T00:00:00+00:00"),
    # --- A row of JSON lines
    N_('the line must hold a JSON object, such as {"username": "ada"}'),
    N_("the record has no member %(member)s: the members are %(members)s"),
    N_("%(field)s has half of a character (a lone surrogate)"),
    N_("the line is not UTF-8, from its byte %(byte)s on: write the file in UTF-8"),
    N_("the member %(member)s stands there twice: remove one of them"),
    N_("the line is not JSON: …"),
    N_("the line has a number that is too long: no member is a number"),
    N_("the line nests too deeply: attributes and groups are the deepest"),
    N_("the row is longer than %(bytes)s bytes: shorten it, or create this user by itself"),
)
"""Of the formats `csv` and `jsonl`. What a backend's own format says, the console cannot know."""
