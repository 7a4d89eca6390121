"""The blocking Python client, from the asynchronous one."""

import io
import tokenize

TWINS = {"async_client": "client", "async_research": "research", "async_sockets": "sockets"}
WORDS = {
    "asyncio": "time", "AsyncGenerator": "Generator", "AsyncIterator": "Iterator", "AsyncExitStack": "ExitStack", "aclosing": "closing",
    "asynccontextmanager": "contextmanager", "aiter_bytes": "iter_bytes", "aread": "read", "aclose": "close", "Awaiting": "Blocking",
    "enter_async_context": "enter_context", "__aiter__": "__iter__", "__aenter__": "__enter__", "__aexit__": "__exit__",
    "async_client": "client", "async_research": "research", "async_sockets": "sockets",
    "AbstractAsyncContextManager": "AbstractContextManager", **{f"Async{name}": name for name in (
        "Client", "Closing", "Opening", "CompletionStream", "NeuroScopeClient", "Research", "Socket", "WatchedRun", "Turns")},
}
TEXTS = {
    "Research in single calls, for asyncio": "Research in single calls",
    "websockets.asyncio": "websockets.sync", "The client for asyncio.": "The client that waits for its answers.",
    "as methods to await": "as methods", "in `async with`": "in `with`", "The WebSocket of the client for asyncio. Tasks may":
    "The WebSocket of the blocking client. Threads may", "; opened by `async with` or `await`.": ".",
}


def blocking(text):
    """The blocking twin of an asynchronous file: the same statements without `async` and `await`."""
    for before, after in TEXTS.items():
        text = text.replace(before, after)
    lines, edits = text.splitlines(keepends=True), []
    tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    for token, following in zip(tokens, tokens[1:]):
        (row, start), (_, end) = token.start, token.end
        if token.type == tokenize.NAME and token.string in ("async", "await"):
            edits.append((row, start, following.start[1] if following.start[0] == row else end, ""))
        elif token.type == tokenize.NAME and token.string in WORDS:
            edits.append((row, start, end, WORDS[token.string]))
    for row, start, end, word in reversed(edits):
        lines[row - 1] = lines[row - 1][:start] + word + lines[row - 1][end:]
    return "".join(lines)
