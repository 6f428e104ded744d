package org.lora4j.cli.language;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lora4j.LoRAModel;
import org.lora4j.generate.GenerationOptions;
import org.lora4j.nn.Model;
import org.lora4j.text.DecoderFolder;
import org.lora4j.text.chat.ChatMessage;
import org.lora4j.text.chat.Conversation;

/**
 * A conversation in lines. {@code /adapter NAME} answers with another adapter, {@code /adapter} with the model alone,
 * {@code /new} begins a new conversation, {@code /exit} ends. Whatever was said before stays when the adapter changes.
 */
public final class ChatSession {
    private static final String COMMANDS = "/adapter NAME, /adapter, /new, /help, /exit";

    private final DecoderFolder decoder;
    private final LoRAModel model;
    private final GenerationOptions options;
    private final PrintWriter out;
    private final String prompt;
    private final List<ChatMessage> messages = new ArrayList<>();
    private final @Nullable String system;
    private TextGenerator generator;

    /**
     * Creates a session.
     *
     * @param decoder the folder of the model
     * @param model the model with its adapters; the first answers
     * @param options how tokens are chosen
     * @param system the message of the system; null for none
     * @param out where the answers are printed
     * @param prompt what is printed before each line of the user; nothing if there is no terminal
     * @throws IOException if the model has no chat template
     */
    public ChatSession(
            DecoderFolder decoder,
            LoRAModel model,
            GenerationOptions options,
            @Nullable String system,
            PrintWriter out,
            String prompt)
            throws IOException {
        decoder.requireTemplate();
        this.decoder = decoder;
        this.model = model;
        this.options = options;
        this.system = system;
        this.out = out;
        this.prompt = prompt;
        generator = new TextGenerator(decoder, model);
        begin();
    }

    private void begin() {
        messages.clear();
        if (system != null) {
            messages.add(ChatMessage.of("system", system));
        }
    }

    /**
     * Talks until the lines end, or one says so.
     *
     * @param lines what the user writes
     * @throws IOException if a line cannot be read
     */
    public void run(BufferedReader lines) throws IOException {
        for (String line = next(lines); line != null; line = next(lines)) {
            String text = line.strip();
            if (text.equals("/exit")) {
                return;
            }
            if (text.startsWith("/")) {
                command(text);
            } else if (!text.isEmpty()) {
                say(text);
            }
        }
    }

    private @Nullable String next(BufferedReader lines) throws IOException {
        out.print(prompt);
        out.flush();
        return lines.readLine();
    }

    private void command(String text) {
        String[] words = text.split("\\s+", 2);
        switch (words[0]) {
            case "/new" -> begin();
            case "/adapter" -> use(words.length == 1 ? null : words[1]);
            default -> out.println("commands: " + COMMANDS);
        }
    }

    private void use(@Nullable String name) {
        if (name != null && !model.names().contains(name)) {
            out.println("there is no adapter " + name + ", found " + model.names() + "; give it with --adapter");
            return;
        }
        Model chosen = name == null ? model.base() : model.using(name);
        generator = new TextGenerator(decoder, chosen);
        out.println(name == null ? "the model alone answers" : "the adapter " + name + " answers");
    }

    private void say(String text) throws IOException {
        messages.add(ChatMessage.of("user", text));
        try {
            TextGenerator.Result answer = generator.answer(new Conversation(messages, List.of()), options, part -> {
                out.print(part);
                out.flush();
            });
            out.println();
            messages.add(ChatMessage.of(ChatMessage.ASSISTANT, answer.text()));
        } catch (IllegalArgumentException e) {
            // Too long for the model, mostly.
            messages.remove(messages.size() - 1);
            out.println(e.getMessage() + "; /new begins a new conversation");
        }
    }
}
