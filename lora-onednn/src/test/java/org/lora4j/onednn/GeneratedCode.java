package org.lora4j.onednn;

/** Whether oneDNN generates code for a product. With its other code, which is slow, the engine never computes. */
final class GeneratedCode {
    private GeneratedCode() {}

    static boolean isFor(Kind kind, long k, long m) {
        try (NativeObjects used = new NativeObjects()) {
            Matmul.Packing packing = Matmul.packing(used, kind, k, m);
            return packing != null && packing.isFast();
        }
    }
}
