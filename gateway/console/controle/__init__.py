"""The screens of a controller: samples afterwards, and case files with evidence. Nothing here changes a message."""
