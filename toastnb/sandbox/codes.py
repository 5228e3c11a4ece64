"""The vendor's result codes, and the exception that carries one to the caller.

The vendor publishes ranges ("the last three digits are an HTTP status"), not which codes occur. The sandbox
answers with these:

======  ==============================================================================================
code    answered when
======  ==============================================================================================
0       the call was carried out
-1      `POST tokens` with a wrong username or password
-2      the sandbox itself failed: always a bug in it
-3      the appkey is wrong, or the token is missing, unknown or expired
-4      a value in the URL or body is missing, of the wrong type, or breaks a rule on names, sizes, counts
        or on what fits together (an image and a flavor, an address and an instance)
-7      no such path, or the path does not know the method, or a call that the saved account was not served
-8      the body is not JSON
10404   no such instance
10409   the instance's state does not allow the call; no device name is left
11404   no such flavor
11409   the flavor is disabled
12404   no such availability zone
12409   the availability zone is unavailable
13404   no such keypair
13409   a keypair of this name exists
20001   no free address in the network, or in the floating IP pool
20004   no such network for instances: unknown or external
20404   no such network (`GET networks?id=`)
22404   no such floating IP or pool in this account
22409   the floating IP is in use, or not on this instance; the address has one already
24404   no such security group
24409   the instance has the security group already, or does not have it
30403   the image is protected or not the account's own
30404   no such image
30409   the image is not active
40404   no such volume, or not on this instance
40409   the volume is not available, or in another zone, or still attached, or a root disk
50404   no such token, or an expired one (`GET tokens?id=`)
======  ==============================================================================================
"""

from enum import IntEnum


class Code(IntEnum):
    """The result codes that the sandbox answers with."""

    SUCCESS = 0
    FAIL = -1
    UNKNOWN = -2
    PERMISSION_DENIED = -3
    INVALID = -4
    NOT_SUPPORTED = -7
    NOT_JSON = -8
    NO_INSTANCE = 10404
    INSTANCE_STATE = 10409
    NO_FLAVOR = 11404
    FLAVOR_DISABLED = 11409
    NO_ZONE = 12404
    ZONE_UNAVAILABLE = 12409
    NO_KEYPAIR = 13404
    KEYPAIR_EXISTS = 13409
    NO_FREE_ADDRESS = 20001
    NETWORK_INACCESSIBLE = 20004
    NO_NETWORK = 20404
    NO_FLOATING_IP = 22404
    FLOATING_IP_STATE = 22409
    NO_SECURITY_GROUP = 24404
    SECURITY_GROUP_STATE = 24409
    IMAGE_NOT_OWN = 30403
    NO_IMAGE = 30404
    IMAGE_STATE = 30409
    NO_VOLUME = 40404
    VOLUME_STATE = 40409
    NO_TOKEN = 50404


_TITLES = {
    Code.FAIL: "FAIL",
    Code.UNKNOWN: "UNKNOWN EXCEPTION",
    Code.PERMISSION_DENIED: "Permission denied",
    Code.INVALID: "Invalid parameters",
    Code.NOT_SUPPORTED: "Not supported",
    Code.NOT_JSON: "JSON parsing error",
    Code.NO_FREE_ADDRESS: "No available IP",
    Code.NETWORK_INACCESSIBLE: "No accessible network",
}
_TITLES_BY_STATUS = {403: "Forbidden", 404: "Not found", 409: "Conflict"}


class RefusedError(Exception):
    """A call that is not carried out.

    Parameters
    ----------
    code
        The vendor's result code.
    detail
        What was wrong, and with which field or resource.

    Examples
    --------
    >>> RefusedError(Code.NO_KEYPAIR, "keypair 'ops'").message
    "Not found: keypair 'ops'"
    """

    def __init__(self, code: Code, detail: str) -> None:
        super().__init__(code, detail)
        self.code = code
        title = _TITLES.get(code) or _TITLES_BY_STATUS[code % 1000]
        self.message = f"{title}: {detail}"
