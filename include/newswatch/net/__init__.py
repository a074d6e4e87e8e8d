"""HTTP as a polite reader speaks it: the one place that opens sockets."""
