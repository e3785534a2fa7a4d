"""A server of the Model Context Protocol: tools with which an agent asks about live video. It needs the extra `mcp`.

    trio-client mcp --max-cost 1

The command line starts it, over standard input and output. `build_server` makes the server for programs that host it in
another way.
"""

from __future__ import annotations

try:
    from ._ending import serve_stdio
    from ._server import build_server
except ModuleNotFoundError as _error:
    raise ModuleNotFoundError(
        f"The MCP server needs {_error.name}; install it with: pip install 'trio-client[mcp]'", name=_error.name
    ) from None

__all__ = ["build_server", "serve_stdio"]
