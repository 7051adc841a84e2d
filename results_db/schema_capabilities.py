"""What the dashboard has to answer, what answers it here, and the words it uses: capability rows and glossary."""

from __future__ import annotations

from results_db.schema import Table

EVIDENCE_KINDS = ("law", "format", "module", "claim", "test")

CAPABILITIES = Table(
    "capabilities",
    "capabilities that the reading list asks of this program, each with the example that proves it",
    (
        ("row_id", "VARCHAR PRIMARY KEY", "key of the row: R01 to R73"),
        ("topic", "VARCHAR NOT NULL", "group of rows"),
        ("capability", "VARCHAR NOT NULL", "kind and name of the capability"),
        ("shows", "VARCHAR NOT NULL", "what the user sees or does"),
        ("sources", "VARCHAR NOT NULL", "keys in sources of the papers behind it, separated by a space"),
        ("acceptance", "VARCHAR NOT NULL", "example that has to hold; names claims by their keys"),
    ),
)

ROW_EVIDENCE = Table(
    "row_evidence",
    "what implements and what proves a capability row, collected from registries and tests by make coverage-table",
    (
        ("row_id", "VARCHAR NOT NULL", "key in capabilities"),
        (
            "kind",
            "VARCHAR NOT NULL",
            "law, format or module: implements it, since it names a source of the row; claim: a claim of its example "
            "that is reproduced here; test: proves its example",
        ),
        ("name", "VARCHAR NOT NULL", "name of the law or format, path of the module, key in claims, or test"),
    ),
    ("PRIMARY KEY (row_id, kind, name)", f"CHECK (kind IN {EVIDENCE_KINDS})"),
)

GLOSSARY = Table(
    "glossary",
    "the words of this program, each in a sentence or two with a source that uses it",
    (
        ("term", "VARCHAR PRIMARY KEY", "the word"),
        ("also", "VARCHAR", "other names of it, separated by '; '"),
        ("area", "VARCHAR NOT NULL", "field the word belongs to"),
        ("meaning", "VARCHAR NOT NULL", "what it means, in our words"),
        ("source_id", "VARCHAR NOT NULL", "key in sources of a work that introduces or uses it"),
        ("row_id", "VARCHAR NOT NULL", "key in capabilities of the row that the word belongs to"),
    ),
)
