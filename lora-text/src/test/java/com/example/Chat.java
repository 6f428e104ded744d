package com.example;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Scanner;
import org.lora4j.LoRAModel;
import org.lora4j.generate.Generation;
import org.lora4j.generate.GenerationOptions;
import org.lora4j.generate.Generator;
import org.lora4j.text.DecoderFolder;
import org.lora4j.text.chat.ChatMessage;
import org.lora4j.text.chat.Conversation;
import org.lora4j.text.chat.DecoderTokens;
import org.lora4j.text.tokens.TokenStream;

/** Answers the lines of standard input. The arguments: the folder of a model, and the folder of an adapter. */
public final class Chat {
    private Chat() {}

    public static void main(String[] args) throws IOException {
        try (DecoderFolder decoder = DecoderFolder.open(Path.of(args[0]));
                Scanner lines = new Scanner(System.in, StandardCharsets.UTF_8)) {
            LoRAModel model = LoRAModel.of(decoder.network());
            Generator generator = Generator.of(model.load("support", Path.of(args[1])));
            DecoderTokens tokens = decoder.tokens();
            GenerationOptions options = GenerationOptions.greedy()
                    .withMaxTokens(100)
                    .withStopIds(decoder.endIds().stream().mapToInt(id -> id).toArray());

            List<ChatMessage> messages = new ArrayList<>();
            while (lines.hasNextLine()) {
                messages.add(ChatMessage.of("user", lines.nextLine()));
                int[] prompt = tokens.prompt(new Conversation(messages, List.of()));
                TokenStream text = decoder.tokenizer().stream();
                StringBuilder answer = new StringBuilder();
                Generation generation = generator.generate(prompt, tokens.fitting(options, prompt.length), token -> {
                    answer.append(text.add(token));
                    return true; // false would end the answer
                });
                answer.append(text.end());
                System.out.println(answer);
                System.out.println("(" + generation.reusedTokens() + " of " + prompt.length + " tokens were known)");
                messages.add(ChatMessage.of("assistant", answer.toString()));
            }
        }
    }
}
