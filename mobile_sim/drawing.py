"""The screen's texts, as rich text: each a function of what it shows."""

from typing import Final

from rich.text import Text

from mobile_sim import words
from mobile_sim.shown import Connection, Past, Shown, Table

INK: Final = "#e9efed"
QUIET: Final = "#93a19e"
ACCENT: Final = "#7fcbdb"
TONES: Final = {"ok": "#7cd29c", "wait": "#edbe6b", "no": "#ff9f94"}
OUTCOME_TONES: Final = {"approved": "ok", "denied": "no"}
HURRY_S: Final = 20
RAIL: Final = "#283432"

BRAND: Final = Text.assemble(("▭━▯ ", ACCENT), ("LumoAuth", f"bold {INK}"), ("  simulated phone", QUIET))

IDLE: Final = Text.from_markup(
    f"""[#2f7181]╭──────────────╮           ╭─────╮
│ · · ·        │           │     │
│              │ [#7fcbdb]─ ─ ─ ─ ─[/] │     │
│              │           │     │
╰──────────────╯           ╰──·──╯[/]

[bold {INK}]Nothing waiting[/]
[{QUIET}]When you sign in somewhere, the request shows up here by itself.[/]"""
)


ASLEEP: Final = Text.from_markup(
    f"""[#2f7181]╭──────────────╮           ╭─────╮
│ · · ·        │           │  [{QUIET}]z[/]  │
│              │           │ [{QUIET}]z[/]   │
│              │           │     │
╰──────────────╯           ╰─────╯[/]

[bold {INK}]Asleep[/]
[{QUIET}]No connection is open. When you sign in somewhere, a web push wakes this phone.[/]"""
)


def idle(note: str | None, *, asleep: bool) -> Text:
    """Return what stands there while nothing waits; *note* is what whoever started it wants to be read."""
    drawn = ASLEEP if asleep else IDLE
    return Text.assemble(drawn, "\n\n", (note, ACCENT)) if note else drawn


REASONS: Final = (
    ("m", "I started it by mistake", "Nothing else happens."),
    ("u", "I did not expect it", "Noted. After three, a pause."),
    ("f", "Someone is trying to get in", "Administrators are warned."),
)
NOTES: Final = {"mistake": "by mistake", "unexpected": "unexpected", "fraud": "reported"}


def lines(states: list[Connection], rows: int) -> Text:
    """Return each account with its connection, one a row; those with trouble first where space ends."""
    if len(states) > rows:
        states = sorted(states, key=lambda one: one.tone == "ok")
    text = Text()
    for place, one in enumerate(states[:rows]):
        text.append("\n" if place else "")
        text.append(f"{one.glyph} ", TONES[one.tone]).append(one.account.tenant_name, f"bold {INK}")
        text.append(f"  {one.account.email}  ", QUIET).append(one.word, TONES[one.tone])
    if len(states) > rows:
        text.append(f"  and {len(states) - rows} more", QUIET)
    return text


def ask(shown: Shown, others: str) -> Text:
    """Return who asks: the first thing to be read."""
    claims = shown.request.claims
    question = words.QUESTIONS[claims.kind]
    head = Text.assemble((f"{question}  ", f"bold {INK}"), (words.VERBS[claims.kind], QUIET))
    if others:
        head.append(f"   {others} (n)", TONES["wait"])
    return Text.assemble(
        head,
        "\n",
        (words.printable(claims.app), f"bold {ACCENT}"),
        (f"   {shown.account.tenant_name}, {shown.account.email}", QUIET),
    )


def facts(shown: Shown, now: float) -> Text:
    """Return where, with what, from which address, when."""
    claims = shown.request.claims
    rows = [
        ("Place", words.place(claims.ctx)),
        ("Browser", words.browser(claims.ctx)),
        ("Address", claims.ctx.ip),
        ("Asked", f"{words.clock(claims.ctx.at)}, {words.ago(now - claims.ctx.at)}"),
    ]
    if claims.msg:
        rows.append(("Message", claims.msg))
    text = Text()
    for name, value in rows:
        text.append(f"{name:<9}", QUIET)
        # What a requester may choose is text alone: no control character reaches the terminal.
        text.append(f"{words.printable(value)}\n", f"bold {INK}" if name == "Place" else INK)
    text.right_crop()
    return text


def time_left(shown: Shown, now: float, width: int) -> Text:
    """Return the bar and the words; the last 20 seconds are amber."""
    claims = shown.request.claims
    left = max(0.0, shown.request.until - now)
    share = min(1.0, left / max(1, claims.exp - claims.iat))
    # The hub's clock is known to the second: never more than the request's whole life.
    told = f"  {min(int(left + 0.999), claims.exp - claims.iat):>3} s left"
    cells = max(0, width - len(told))
    full = round(cells * share)
    colour = TONES["wait"] if left <= HURRY_S else ACCENT
    return Text.assemble(("━" * full, colour), ("━" * (cells - full), RAIL), (told, colour))


def problem(shown: Shown) -> Text:
    """Return what went wrong with the last try, or what approving takes."""
    if shown.problem:
        return Text(f"! {shown.problem}", TONES["no"])
    if shown.sending:
        return Text("Sending…", QUIET)
    if shown.request.needs_number:
        return Text("Six digits and your PIN to approve. Deny needs neither.", QUIET)
    return Text("Your PIN to approve. No number is needed. Deny needs neither.", QUIET)


def why(denied: Shown, *, short: bool) -> Text:
    """Return the question after a denial; it can be left out."""
    text = Text.assemble(
        ("✕ Denied. ", f"bold {TONES['no']}"),
        (f"{words.printable(denied.request.claims.app)}: nobody was signed in. ", INK),
    )
    if short:
        text.append("Why?\n", QUIET)
        for key, _, _ in REASONS:
            text.append(f"{key} ", f"bold {ACCENT}").append(f"{NAMES_SHORT[key]}   ", INK)
        return text.append("esc ", f"bold {ACCENT}").append("no reason", INK)
    text.append("\nWhy? You can leave this out.", QUIET)
    for key, name, what in REASONS:
        text.append(f"\n  {key}  ", f"bold {ACCENT}").append(f"{name:<29}", INK).append(what, QUIET)
    return text.append("\n  esc", f"bold {ACCENT}").append("  ").append("Done", INK)


NAMES_SHORT: Final = {"m": "by mistake", "u": "not expected", "f": "fraud"}


def nothing_left() -> Text:
    """Return what is said where the last account has gone."""
    return Text.assemble(
        ("No account on this phone\n", f"bold {INK}"), ("Add one with: mobile-sim enroll", QUIET)
    )


def past(history: list[Past], *, wide: bool) -> Text:
    """Return what has ended in this session, the newest first."""
    if not history:
        return Text("History\nNothing yet in this session.", QUIET) if wide else Text("")
    text = Text.assemble(("History", f"bold {QUIET}"))
    for one in history[:12]:
        claims = one.shown.request.claims
        glyph, word = words.OUTCOMES[one.outcome]
        tone = TONES.get(OUTCOME_TONES.get(one.outcome, ""), QUIET)
        note = f" ({NOTES.get(one.note, one.note)})" if one.note else ""
        text.append(f"\n{words.clock(one.at)[:5]}  ", QUIET)
        text.append(f"{glyph} {word}{note}", tone).append(f"  {words.printable(claims.app)}", INK)
        where = words.printable(f"{claims.ctx.city or words.place(claims.ctx)}, {words.browser(claims.ctx)}")
        text.append(f"\n       {where}" if wide else f"  {where}", QUIET)
    return text


def keys(table: Table) -> Text:
    """Return the keys that do something now."""
    known = []
    if table.current is not None:
        known += [("d", "deny"), ("enter", "approve"), ("tab", "next field")]
    elif not all(one.over for one in table.states.values()):
        asleep = any(one.asleep for one in table.states.values())
        known += [*([("r", "wake it")] if asleep else []), ("t", "test request")]
    if len(table.waiting) > 1:
        known.append(("n", "next request"))
    known.append(("q", "leave"))
    text = Text()
    for key, what in known:
        text.append(key, f"bold {ACCENT}").append(f" {what}   ")
    return text
