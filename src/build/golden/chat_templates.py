"""Makes the expected texts of chat templates with Jinja itself, set up as transformers sets it up.

    python3 chat_templates.py ../../../lora-text/src/test/resources/templates

It renders each template of the folder with each conversation of conversations.json, with and without a prompt for the answer, and
writes expected.json. A text that is null means that the template refuses the conversation. Give another folder with templates and
a copy of conversations.json to compare with the templates of other models.
"""

import json
import sys
from pathlib import Path

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment


def refuse(message):
    raise jinja2.TemplateError(message)


def environment():
    # With sort_keys and escapes for HTML, Jinja's own tojson writes other texts than transformers.
    found = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    found.filters["tojson"] = lambda value, indent=None: json.dumps(value, ensure_ascii=False, indent=indent)
    found.globals["raise_exception"] = refuse
    return found


def render(template, chat, prompt):
    try:
        return template.render(
            messages=chat["messages"], tools=chat.get("tools"), add_generation_prompt=prompt, bos_token="<s>", eos_token="</s>"
        )
    except (jinja2.TemplateError, TypeError):
        return None


def main(folder):
    chats = json.loads((folder / "conversations.json").read_text("utf-8"))
    expected = {}
    for file in sorted(folder.glob("*.jinja")):
        template = environment().from_string(file.read_text("utf-8"))
        expected[file.stem] = [[render(template, chat, prompt) for prompt in (False, True)] for chat in chats]
    (folder / "expected.json").write_text(json.dumps(expected, ensure_ascii=False, indent=1) + "\n", "utf-8")


main(Path(sys.argv[1]))
