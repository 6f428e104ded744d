package org.lora4j.text.grammar.internal;

import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The tokens of a vocabulary: the bytes of ordinary ones as a tree, in arrays, and the special and added ones by their texts. A node is a beginning of tokens. A node comes before its children, and they come
 * before its next sibling. Node 0 is the beginning of all tokens. Immutable.
 */
public final class TokenTrie {
    private static final int ROOT = 0;

    private final byte[][] bytes;

    /** The last byte, and how many bytes there are, of each node. */
    private final byte[] last;

    private final int[] depth;

    /** The first node that is not below a node. */
    private final int[] end;

    /** The tokens in the order of their bytes, and where those of each node begin among them. */
    private final int[] ids;

    private final int[] firstId;

    /** The node that each is below. */
    private final int[] parent;

    /** The nodes with each last byte that are below another one than the beginning. */
    private final int[][] endingWith;

    /** Those that are the same for all grammars; null until they are needed. */
    private volatile @Nullable JsonTextMasks jsonText;

    private final int longest;
    private final BitSet typed = new BitSet();
    private final Map<String, Integer> added;

    /**
     * Builds the tree.
     *
     * @param tokens the bytes of each token; null or none for one that is not ordinary text
     * @param added the ids of special and added tokens, by their texts
     */
    public TokenTrie(List<byte @Nullable []> tokens, Map<String, Integer> added) {
        this.added = Map.copyOf(added);
        bytes = tokens.stream().map(one -> one == null ? new byte[0] : one).toArray(byte[][]::new);
        ids = IntStream.range(0, bytes.length)
                .filter(id -> bytes[id].length > 0)
                .boxed()
                .sorted((a, b) -> Arrays.compareUnsigned(bytes[a], bytes[b]))
                .mapToInt(Integer::intValue)
                .toArray();
        int nodes = 1;
        int most = 0;
        byte[] before = new byte[0];
        for (int id : ids) {
            nodes += bytes[id].length - common(before, bytes[id]);
            before = bytes[id];
            most = Math.max(most, before.length);
            if (before.length == 1) {
                typed.set(Byte.toUnsignedInt(before[0]));
            }
        }
        longest = most;
        last = new byte[nodes];
        depth = new int[nodes];
        end = new int[nodes];
        parent = new int[nodes];
        firstId = new int[nodes + 1];
        fill(nodes);
        endingWith = new int[ByteGroups.BYTES][];
        for (int value = 0; value < ByteGroups.BYTES; value++) {
            byte one = (byte) value;
            endingWith[value] = IntStream.range(1, nodes)
                    .filter(node -> last[node] == one && depth[node] > 1)
                    .toArray();
        }
    }

    private void fill(int nodes) {
        int[] open = new int[longest + 1];
        int node = 0;
        byte[] before = new byte[0];
        for (int i = 0; i < ids.length; i++) {
            byte[] token = bytes[ids[i]];
            int common = common(before, token);
            for (int level = common + 1; level <= before.length; level++) {
                end[open[level]] = node + 1;
            }
            for (int level = common + 1; level <= token.length; level++) {
                node++;
                open[level] = node;
                last[node] = token[level - 1];
                parent[node] = open[level - 1];
                depth[node] = level;
                firstId[node] = i;
            }
            before = token;
        }
        for (int level = 0; level <= before.length; level++) {
            end[open[level]] = nodes;
        }
        firstId[nodes] = ids.length;
    }

    private static int common(byte[] a, byte[] b) {
        int mismatch = Arrays.mismatch(a, b);
        return mismatch < 0 ? a.length : mismatch;
    }

    /** Returns the number of tokens. */
    public int size() {
        return bytes.length;
    }

    /** Returns the bytes that are a token alone. */
    public BitSet typed() {
        return (BitSet) typed.clone();
    }

    public Map<String, Integer> added() {
        return added;
    }

    /** Returns the bytes of a token themselves; none for one that is not ordinary text. */
    public byte[] bytes(int id) {
        return bytes[id];
    }

    int longest() {
        return longest;
    }

    /** The node behind another one with a byte more; 0 if there is none. */
    int child(int from, byte value) {
        for (int node = from + 1; node < end[from]; node = end[node]) {
            if (last[node] == value) {
                return node;
            }
        }
        return ROOT;
    }

    /** Receives the nodes that a walk reaches. */
    interface Visitor {
        void visit(int node, Expression after);
    }

    /** Walks over the nodes below a node whose bytes fit an expression. */
    void walk(int from, Expression expression, Visitor visitor) {
        walk(from, expression, ROOT, visitor);
    }

    /** The same without a node and those below it. */
    void walk(int from, Expression expression, int skipped, Visitor visitor) {
        int base = depth[from];
        Expression never = expression.all.never();
        Effort effort = expression.all.effort();
        Expression[] way = new Expression[longest - base + 1];
        way[0] = expression;
        int node = from + 1;
        while (node < end[from]) {
            int level = depth[node] - base;
            effort.spend(1);
            Expression after = way[level - 1].after(Byte.toUnsignedInt(last[node]));
            if (after == never || node == skipped) {
                node = end[node];
            } else {
                way[level] = after;
                visitor.visit(node, after);
                node++;
            }
        }
    }

    /**
     * Walks over the nodes whose bytes do not lead two expressions to the same one. The second one has all texts of the first.
     *
     * @param visitor receives also the nodes that only the second one reaches, with an expression that has no text
     */
    void walkApart(Expression one, Expression other, Visitor visitor) {
        Expression never = one.all.never();
        Effort effort = one.all.effort();
        Expression[] way = new Expression[longest + 1];
        Expression[] otherWay = new Expression[longest + 1];
        way[0] = one;
        otherWay[0] = other;
        int node = ROOT + 1;
        while (node < end[ROOT]) {
            int level = depth[node];
            int value = Byte.toUnsignedInt(last[node]);
            effort.spend(1);
            Expression after = way[level - 1].after(value);
            Expression otherAfter = otherWay[level - 1].after(value);
            if (after == otherAfter || otherAfter == never) {
                node = end[node];
            } else {
                way[level] = after;
                otherWay[level] = otherAfter;
                visitor.visit(node, after);
                node++;
            }
        }
    }

    /**
     * The masks of the characters of JSON strings.
     *
     * @param text any number of them
     */
    JsonTextMasks jsonText(Expression text) {
        JsonTextMasks known = jsonText;
        if (known == null) {
            known = new JsonTextMasks(this, text);
            jsonText = known;
        }
        return known;
    }

    int nodes() {
        return last.length;
    }

    int parent(int node) {
        return parent[node];
    }

    /** The nodes with a last byte that are below another one than the beginning, which must not be changed. */
    int[] endingWith(int value) {
        return endingWith[value];
    }

    boolean hasChildren(int node) {
        return end[node] > node + 1;
    }

    boolean hasTokens(int node) {
        return firstId[node + 1] > firstId[node];
    }

    /** Removes the tokens that end at a node. */
    void removeTokens(int node, BitSet from) {
        for (int i = firstId[node]; i < firstId[node + 1]; i++) {
            from.clear(ids[i]);
        }
    }

    /** Adds the tokens that end at a node. */
    void addTokens(int node, BitSet to) {
        for (int i = firstId[node]; i < firstId[node + 1]; i++) {
            to.set(ids[i]);
        }
    }
}
