package org.lora4j.text.grammar.internal;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The masks of any characters of a JSON string, with or without limits of their number. They depend on the tokens alone, so all grammars
 * of a vocabulary share them. Immutable.
 */
final class JsonTextMasks {
    private final TokenTrie trie;

    /** Of any number of characters. */
    private final Mask any;

    /** The nodes with so many characters, of which the last one may be begun. */
    private final int[][] nodes;

    /**
     * Walks over all tokens.
     *
     * @param text any number of any characters
     */
    JsonTextMasks(TokenTrie trie, Expression text) {
        this.trie = trie;
        Mask.Builder builder = new Mask.Builder(trie, text);
        int[] characters = new int[trie.nodes()];
        boolean[] isWhole = new boolean[trie.nodes()];
        isWhole[0] = true;
        int[] counts = new int[trie.longest() + 1];
        List<Integer> reached = new ArrayList<>();
        trie.walk(0, text, (node, after) -> {
            builder.visit(node, after);
            int parent = trie.parent(node);
            characters[node] = characters[parent] + (isWhole[parent] ? 1 : 0);
            isWhole[node] = isSame(after, text);
            counts[characters[node]]++;
            reached.add(node);
        });
        any = builder.build();
        nodes = new int[counts.length][];
        for (int count = 0; count < counts.length; count++) {
            nodes[count] = new int[counts[count]];
        }
        Arrays.fill(counts, 0);
        for (int node : reached) {
            nodes[characters[node]][counts[characters[node]]++] = node;
        }
    }

    @SuppressWarnings("ReferenceEquality") // Equal expressions are the same object.
    private static boolean isSame(Expression one, Expression other) {
        return one == other;
    }

    /** The mask of so many characters. */
    Mask of(Repeat text) {
        if (text.min <= 1 && text.max >= nodes.length) {
            return any;
        }
        Mask.Builder builder = new Mask.Builder(trie, text);
        builder.add(any);
        builder.addEnds(any);
        for (int count = nodes.length - 1; count > text.max; count--) {
            text.all.effort().spend(nodes[count].length);
            for (int node : nodes[count]) {
                builder.remove(node);
            }
        }
        for (int count = 0; count < Math.min(text.min, nodes.length); count++) {
            text.all.effort().spend(nodes[count].length);
            for (int node : nodes[count]) {
                builder.removeEnd(node);
            }
        }
        return builder.build();
    }
}
