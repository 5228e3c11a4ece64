from . import audit as audit
from . import capacity as capacity
from . import forms as forms
from . import history as history
from . import plots as plots
from . import report as report
from .embedded import Sandbox as Sandbox
from .errors import BadAnswer as BadAnswer
from .errors import Conflict as Conflict
from .errors import CredentialsError as CredentialsError
from .errors import DeadlineExceeded as DeadlineExceeded
from .errors import InvalidInput as InvalidInput
from .errors import MissingExtra as MissingExtra
from .errors import NetworkFailure as NetworkFailure
from .errors import NotFound as NotFound
from .errors import PermissionDenied as PermissionDenied
from .errors import ReadOnly as ReadOnly
from .errors import ServiceFailure as ServiceFailure
from .errors import ToastError as ToastError
from .inventory import Inventory as Inventory
from .inventory import load_inventory as load_inventory
from .projects import Projects as Projects
from .projects import connect_many as connect_many
from .toast import Toast as Toast
from .toast import connect as connect

__version__: str
