"""Pages for people: server-rendered, over the same answers and actions as the JSON routes.

A page shows what the route of the same name answers and changes things through the same functions,
so no figure has two definitions. Pages for other people add a router to ``ROUTERS``, entries to
``viewers.NAVIGATION`` and ``viewers.HOMES``, and templates.
"""
