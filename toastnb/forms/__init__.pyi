from .views.console import actions as actions
from .views.console import console as console
from .views.console import login as login
