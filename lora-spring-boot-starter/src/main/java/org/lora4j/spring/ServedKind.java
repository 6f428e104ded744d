package org.lora4j.spring;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.OptionalInt;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lora4j.io.ModelSource;
import org.lora4j.nn.transformer.ModelConfig;
import org.lora4j.spring.LoRAProperties.Kind;
import org.lora4j.spring.LoRAProperties.Model;
import org.lora4j.text.EncoderFolder;
import org.lora4j.text.TextModel;
import org.lora4j.text.chat.ChatTemplate;
import org.lora4j.text.task.Embed;
import org.lora4j.text.task.Generate;
import org.lora4j.text.task.Task;
import org.lora4j.text.task.TaskSettings;
import org.lora4j.text.tokens.Prompts;
import org.springframework.boot.autoconfigure.condition.ConditionOutcome;
import org.springframework.boot.autoconfigure.condition.SpringBootCondition;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.context.annotation.ConditionContext;
import org.springframework.core.type.AnnotatedTypeMetadata;

/** What the service computes, as the properties or the folder of the model say. */
abstract class ServedKind extends SpringBootCondition {
    private final Set<Kind> kinds;

    private ServedKind(Set<Kind> kinds) {
        this.kinds = kinds;
    }

    /** Matches if a decoder is served. */
    static final class OfDecoder extends ServedKind {
        OfDecoder() {
            super(EnumSet.of(Kind.DECODER));
        }
    }

    /** Matches if anything else is served. */
    static final class OfEncoder extends ServedKind {
        OfEncoder() {
            super(EnumSet.complementOf(EnumSet.of(Kind.DECODER)));
        }
    }

    /** Matches if whole texts can be answered. */
    static final class OfTexts extends ServedKind {
        OfTexts() {
            super(EnumSet.complementOf(EnumSet.of(Kind.HIDDEN_STATES)));
        }
    }

    /** Returns what the model does without an adapter. */
    static Task alone(Model properties, TextModel model) throws IOException {
        return switch (kind(properties.kind(), properties.path())) {
            case EMBEDDINGS, HIDDEN_STATES -> Embed.asTheModelSays();
            case CLASSIFIER -> model.task();
            case DECODER -> new Generate();
        };
    }

    /** Returns what the properties ask for in place of what the files say. */
    static TaskSettings asked(Model properties) {
        return new TaskSettings(
                OptionalInt.empty(),
                properties.dimensions() == null ? OptionalInt.empty() : OptionalInt.of(properties.dimensions()),
                Prompts.none());
    }

    /** Matches if sentence embeddings are served. */
    static final class OfEmbeddings extends ServedKind {
        OfEmbeddings() {
            super(EnumSet.of(Kind.EMBEDDINGS));
        }
    }

    /** Matches if a decoder with a chat template is served. */
    static final class OfChats extends ServedKind {
        OfChats() {
            super(EnumSet.of(Kind.DECODER));
        }

        @Override
        public ConditionOutcome getMatchOutcome(ConditionContext context, AnnotatedTypeMetadata metadata) {
            ConditionOutcome kind = super.getMatchOutcome(context, metadata);
            Path path = Binder.get(context.getEnvironment())
                    .bind("lora.model.path", Path.class)
                    .orElse(null);
            return kind.isMatch() && !hasTemplate(path)
                    ? ConditionOutcome.noMatch("the folder of lora.model has no chat template")
                    : kind;
        }

        private static boolean hasTemplate(@Nullable Path path) {
            try {
                return path != null && ChatTemplate.load(path) != null;
            } catch (FileNotFoundException e) {
                return false;
            } catch (IOException | IllegalArgumentException e) {
                // The bean of the folder fails with the same exception, and says what is wrong.
                return true;
            }
        }
    }

    @Override
    public ConditionOutcome getMatchOutcome(ConditionContext context, AnnotatedTypeMetadata metadata) {
        Binder binder = Binder.get(context.getEnvironment());
        Kind kind = kind(
                binder.bind("lora.model.kind", Kind.class).orElse(null),
                binder.bind("lora.model.path", Path.class).orElse(null));
        return new ConditionOutcome(kinds.contains(kind), "lora.model is of the kind " + kind);
    }

    /** Returns the kind that is set, or else that of the folder. */
    static Kind kind(@Nullable Kind set, @Nullable Path path) {
        if (set != null) {
            return set;
        }
        try {
            if (path == null) {
                return Kind.EMBEDDINGS;
            }
            ModelConfig config = ModelConfig.read(path);
            if (EncoderFolder.embeds(ModelSource.of(path))) {
                return Kind.EMBEDDINGS;
            }
            return config.isDecoder() ? Kind.DECODER : Kind.CLASSIFIER;
        } catch (IOException | IllegalArgumentException e) {
            // The bean of the folder fails with the same exception, and says what is wrong.
            return Kind.EMBEDDINGS;
        }
    }
}
