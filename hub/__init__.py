"""LumoAuth Hub: push authentication that you host yourself."""
