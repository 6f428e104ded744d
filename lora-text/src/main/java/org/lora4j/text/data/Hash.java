package org.lora4j.text.data;

/** Numbers that look random and depend on nothing but what is given: SplitMix64 (doi:10.1145/2714064.2660195). */
final class Hash {
    private Hash() {}

    static long mix(long seed, long value) {
        return mix(mix(seed + 0x9E3779B97F4A7C15L) ^ value);
    }

    static long mix(long seed, String text) {
        long sum = mix(seed, text.length());
        for (int i = 0; i < text.length(); i++) {
            sum = mix(sum, text.charAt(i));
        }
        return sum;
    }

    private static long mix(long value) {
        long z = value;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }

    /** Maps a number to [0, 1). */
    static double unit(long hash) {
        return (hash >>> 11) * 0x1p-53;
    }
}
