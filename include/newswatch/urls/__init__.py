"""URLs: made canonical, so that a story has one address; twins and tracking parameters recognised."""
