"""One action on many instances: the outcomes say what the service did, whatever fails and whoever interrupts."""
