"""Forms that act: create, control and clean up from a notebook.

`console` shows all of them for an account, `actions` those on instances, `login` the one that signs in. Each view has
its model as ``form``: the same fields, checks and submit without a widget, see `toastnb.forms.form.Form`.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
