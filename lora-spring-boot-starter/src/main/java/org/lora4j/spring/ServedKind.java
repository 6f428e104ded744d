package org.lora4j.spring;

import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.lora4j.spring.LoRAProperties.Kind;
import org.lora4j.text.ModelKind;
import org.springframework.boot.autoconfigure.condition.ConditionOutcome;
import org.springframework.boot.autoconfigure.condition.SpringBootCondition;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.context.annotation.ConditionContext;
import org.springframework.core.type.AnnotatedTypeMetadata;

/** Whether the service is one of an encoder or of a decoder, as the properties or the folder of the model say. */
abstract class ServedKind extends SpringBootCondition {
    private final boolean decoder;

    private ServedKind(boolean decoder) {
        this.decoder = decoder;
    }

    /** Matches if a decoder is served. */
    static final class OfDecoder extends ServedKind {
        OfDecoder() {
            super(true);
        }
    }

    /** Matches if anything else is served. */
    static final class OfEncoder extends ServedKind {
        OfEncoder() {
            super(false);
        }
    }

    @Override
    public ConditionOutcome getMatchOutcome(ConditionContext context, AnnotatedTypeMetadata metadata) {
        Binder binder = Binder.get(context.getEnvironment());
        Kind kind = binder.bind("lora.model.kind", Kind.class).orElse(null);
        Path path = binder.bind("lora.model.path", Path.class).orElse(null);
        boolean isDecoder = kind == null ? isDecoder(path) : kind == Kind.DECODER;
        return new ConditionOutcome(isDecoder == decoder, "lora.model is " + (isDecoder ? "a decoder" : "no decoder"));
    }

    private static boolean isDecoder(@Nullable Path path) {
        try {
            return path != null && ModelKind.of(path).isDecoder();
        } catch (IOException | IllegalArgumentException e) {
            // The bean of the folder fails with the same exception, and says what is wrong.
            return false;
        }
    }
}
