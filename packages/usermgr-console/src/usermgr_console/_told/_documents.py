"""The messages of usermgr-bulk about a desired state: what is wrong with the document, or with the plan for it."""

from __future__ import annotations

from usermgr_console._i18n import N_

__all__ = ["DOCUMENTS"]

DOCUMENTS = (
    N_("%(quoted)s: %(error)s"),
    # --- The form of the document
    N_("this is not UTF-8: write the document in UTF-8"),
    N_("the document is empty: declare users or groups"),
    N_("the document declares nothing: it needs users or groups ([] for nobody)"),
    N_("the document nests more than %(most)s levels deep: users, attributes and groups need four"),
    N_("a key must be text, and not a list or a mapping"),
    N_("the key has half of a character (a lone surrogate)"),
    N_("the key %(key)s stands there twice, first on line %(line)s: remove one"),
    N_("something follows the document: put everything into one"),
    N_("this is not JSON: the text that begins here does not end, or has a character to escape"),
    N_("this is not JSON: a key in quotation marks is expected here"),
    N_("this is not JSON: a colon is expected here"),
    N_("this is not JSON: a value is expected here"),
    N_("this is not JSON: a comma or %(closing)s is expected here"),
    N_("this is not YAML: …"),
    N_("this is not YAML: it has a character that YAML does not allow"),
    N_(
        "the character U+%(code)s here ends a line for some readers of YAML: remove it, or write %(escape)s in "
        "quotation marks"
    ),
    N_("the alias *%(name)s is not read: write out what it stands for"),
    N_("the anchor &%(name)s is not read: remove it"),
    N_("the tag in front of this value is not read: remove it"),
    N_("a second document begins here: put everything into one"),
    N_("the document says that it is not YAML 1.2: remove the line %YAML"),
    N_("the document declares tags, and none are read: remove the line %TAG"),
    # --- Its members
    N_("%(member)s must be a mapping, with %(key)s among its keys"),
    N_("%(member)s has no member %(name)s: there are %(members)s"),
    N_("%(member)s has no value: give it one (an empty list is []), or remove the key"),
    N_(
        "a desired state has no passwords, because many people read it: remove it, and invite people, or use "
        "set_password"
    ),
    N_("the entry has no %(name)s: add it"),
    N_("%(text)s is declared on line %(line)s already: keep one of them"),
    N_("%(name)s is among the attributes too: keep one"),
    N_("attributes must be a mapping of names to texts: none are {}"),
    N_("sub is given by the store: remove it"),
    N_(
        "the attribute %(name)s has no value: list its name under `without` where it is to be removed, or remove the "
        "key"
    ),
    N_("%(member)s must be a list: an empty one is []"),
    N_("%(text)s is in the list twice: remove one"),
    N_("%(member)s must be text, and not a list or a mapping"),
    N_("%(member)s is empty: write a name"),
    N_("%(member)s has no value here; the text %(text)s needs quotation marks"),
    N_("%(member)s must be exactly true or false, without quotation marks"),
    N_("%(member)s must be digits alone, such as 10, up to %(most)s: no sign, no leading zero, no quotation marks"),
    # --- What does not fit the store, or itself
    N_("%(text)s is the same person as line %(line)s, as the store compares names: keep one of them"),
    N_("%(text)s is declared, and a pattern of `unmanaged` says to leave it alone: remove one"),
    N_("%(count)s people have an address of %(text)s"),
    N_("%(text)s is an alias of %(real)s: declare the real name"),
    N_("%(text)s and %(other)s are two addresses of one new person: declare one of them"),
    N_("%(text)s and %(other)s are the same person, as the store compares names"),
    N_("%(text)s is a member, and a pattern of `unmanaged` says to leave them alone: remove one"),
    N_("%(text)s is a member of %(group)s and not declared, so they would be pruned: declare them"),
    N_("there is nobody named %(text)s: declare them under users"),
    N_("there is no managed group named %(group)s: declare it under groups"),
    N_("the group %(group)s is not declared, so it would be deleted: declare it under groups"),
    N_(
        "the entry of line %(line)s and the group %(group)s of line %(there)s disagree: the members of %(name)s are a "
        "list that names them, and the person's groups say otherwise"
    ),
    N_(
        "the entry of line %(line)s and the group %(group)s of line %(there)s disagree: the members of %(name)s are a "
        "list that leaves them out, and the person's groups say otherwise"
    ),
    N_("the group %(text)s is declared twice: keep one of them"),
    N_("the store's groups have no %(member)s: remove it"),
    N_(
        "%(text)s would be created and %(real)s pruned, which differ only in case: declare the name as it is, or "
        "delete it by hand first"
    ),
    N_(
        "the store asks people to confirm a new %(attribute)s by a message, and nobody gets one from a plan: declare "
        "%(flag)s_verified as true to change it at once, or list %(name)s under `unmanaged`"
    ),
    # --- What a plan may not take
    N_("the group %(group)s is required, so it cannot be deleted: declare it"),
    N_("%(username)s is the account that acts, and would be deleted or disabled: declare it as enabled"),
    N_("%(username)s is the account that acts, and would no longer be in %(group)s: declare it there"),
    N_("the plan would take %(username)s, the last enabled member of %(group)s: declare another one first"),
    N_("a page token grew too old %(count)s times: the store answers too slowly"),
    N_("the plan was made for another store: make one for this store"),
    N_("this is not a plan: make one"),
    N_("this release cannot read the plan, which is of another version"),
    N_("the plan was changed after it was made: make a new one"),
)
"""Of `usermgr_bulk.sync`. What the reader of YAML says itself stays in English."""
