"""toastnb: a TOAST (NHN Cloud) account's inventory in pandas DataFrames.

>>> import toastnb as tn
>>> toast = tn.connect("sandbox")            # needs no account
>>> vms = toast.instances_detail()
>>> tn.capacity.totals(vms, by="zone").index.tolist()
['kr-pub-a', 'kr-pub-b', 'Total']
>>> toast.close()

Every name here is loaded when it is first touched, so that importing the package costs next to nothing.
"""

import lazy_loader as _lazy

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
