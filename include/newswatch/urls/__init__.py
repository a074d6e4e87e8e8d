"""One address a story: addresses made canonical, twins recognised."""
