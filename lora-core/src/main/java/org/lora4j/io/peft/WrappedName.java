package org.lora4j.io.peft;

import java.util.List;

/**
 * Takes out of the names of tensors what programs add that wrap a model: {@code torch.compile} adds {@code _orig_mod}, FSDP
 * {@code _fsdp_wrapped_module}, checkpointing of activations {@code _checkpoint_wrapped_module}, and DataParallel
 * {@code module}.
 */
final class WrappedName {
    private static final List<String> ANYWHERE =
            List.of("_orig_mod.", "_fsdp_wrapped_module.", "_checkpoint_wrapped_module.");

    /** A module of the base may have this name, so it is taken out only before the prefix of PEFT. */
    private static final String FIRST = "module.";

    private WrappedName() {}

    /** The name as it is without the wrappers. */
    static String unwrap(String name) {
        String plain = name;
        for (String wrapper : ANYWHERE) {
            if (plain.contains(wrapper)) {
                plain = without(wrapper, plain);
            }
        }
        while (plain.startsWith(FIRST + PeftKey.PREFIX) || plain.startsWith(FIRST + FIRST)) {
            plain = plain.substring(FIRST.length());
        }
        return plain;
    }

    private static String without(String wrapper, String name) {
        // Only whole parts: no letter may stand before it.
        String inner = ("." + name).replace("." + wrapper, ".");
        while (inner.contains("." + wrapper)) {
            inner = inner.replace("." + wrapper, ".");
        }
        return inner.substring(1);
    }
}
