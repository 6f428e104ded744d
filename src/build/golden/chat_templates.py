"""Makes the expected texts of chat templates with Jinja itself, set up as transformers sets it up.

    python3 chat_templates.py ../../../lora-text/src/test/resources/templates

It renders each template of the folder with each conversation of conversations.json, with and without a prompt for the answer, and
writes expected.json. A text that is null means that the template refuses the conversation. Give another folder with templates and
a copy of conversations.json to compare with the templates of other models.
"""

import datetime
import json
import sys
from pathlib import Path

import jinja2
import jinja2.ext
from jinja2.ext import Extension
from jinja2.sandbox import ImmutableSandboxedEnvironment

NOW = datetime.datetime(2026, 3, 7, 15, 4, 5)


def refuse(message):
    raise jinja2.TemplateError(message)


def tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


class Generation(Extension):
    """Takes the part that the assistant writes, as the extension of transformers does."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_generated"), [], [], body).set_lineno(line)

    def _generated(self, caller):
        return caller()


def environment():
    found = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols])
    # With sort_keys and escapes for HTML, Jinja's own tojson writes other texts than transformers.
    found.filters["tojson"] = tojson
    found.globals["raise_exception"] = refuse
    found.globals["strftime_now"] = lambda form: NOW.strftime(form)
    return found


def render(template, chat, prompt):
    try:
        return template.render(
            messages=chat["messages"],
            tools=chat.get("tools"),
            documents=None,
            add_generation_prompt=prompt,
            bos_token="<s>",
            eos_token="</s>",
            date_string="26 Jul 2024",
            **chat.get("more", {}),
        )
    except (jinja2.TemplateError, TypeError, ValueError):
        return None


def with_arguments(chat, change):
    """Changes the arguments of the calls."""
    chat = json.loads(json.dumps(chat))
    for message in chat["messages"]:
        for call in message.get("tool_calls") or []:
            call["function"]["arguments"] = change(call["function"]["arguments"])
    return chat


def with_content(chat, before, after):
    """Changes the content of the messages that have only calls."""
    chat = json.loads(json.dumps(chat))
    for message in chat["messages"]:
        if message.get("tool_calls") and message["content"] == before:
            message["content"] = after
    return chat


def render_calls(template, chat, prompt):
    """Gives the arguments of calls as maps, and if the template refuses these, as JSON texts; and of messages that have only calls the
    content as it is, and if the template refuses it or leaves out a call, the empty one instead of null, and null instead of it."""
    texts = []
    for change in (
        lambda value: json.loads(value) if isinstance(value, str) else value,
        lambda value: value if isinstance(value, str) else tojson(value),
    ):
        given = with_arguments(chat, change)
        for form in (given, with_content(given, None, ""), with_content(given, "", None)):
            text = render(template, form, prompt)
            if text is not None:
                texts.append(text)
    names = [call["function"]["name"] for message in chat["messages"] for call in message.get("tool_calls") or []]
    whole = [text for text in texts if all(name in text for name in names)]
    return (whole or texts or [None])[0]


def main(folder):
    chats = json.loads((folder / "conversations.json").read_text("utf-8"))
    expected = {}
    for file in sorted(folder.glob("*.jinja")):
        template = environment().from_string(file.read_text("utf-8"))
        expected[file.stem] = [[render_calls(template, chat, prompt) for prompt in (False, True)] for chat in chats]
    (folder / "expected.json").write_text(json.dumps(expected, ensure_ascii=False, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
