package org.lora4j.generate;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.Model;
import org.lora4j.nn.batch.internal.CacheBlock;
import org.lora4j.nn.batch.internal.KeyValueCache;
import org.lora4j.nn.batch.internal.LayersVersion;

/**
 * The beginnings of prompts that an owner of a {@link PrefixCache} has computed, as a tree of blocks of {@value #BLOCK} tokens. It has keys
 * and values of one content of one adapter; those of another one take their place. Not thread-safe, as its cache.
 */
final class PrefixTree {
    /**
     * The tokens of a block. As many of a prompt are always computed, because its last token needs logits, and because products of
     * fewer rows round in another way.
     */
    static final int BLOCK = 16;

    private final PrefixCache cache;
    private final Map<Tokens, Block> first = new HashMap<>();
    private @Nullable LayersVersion version;
    private boolean isClosed;

    PrefixTree(PrefixCache cache) {
        this.cache = cache;
    }

    /** The tokens of a block, to look for. */
    private static final class Tokens {
        private final int[] ids;

        Tokens(int[] text, int from) {
            ids = Arrays.copyOfRange(text, from, from + BLOCK);
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Tokens that && Arrays.equals(ids, that.ids);
        }

        @Override
        public int hashCode() {
            return Arrays.hashCode(ids);
        }
    }

    /** Keys and values of tokens after those of the blocks above. */
    static final class Block {
        private final PrefixTree tree;
        private final Map<Tokens, Block> siblings;
        private final Tokens tokens;
        private final CacheBlock numbers;
        private final Map<Tokens, Block> next = new HashMap<>();

        Block(PrefixTree tree, Map<Tokens, Block> siblings, Tokens tokens, CacheBlock numbers) {
            this.tree = tree;
            this.siblings = siblings;
            this.tokens = tokens;
            this.numbers = numbers;
        }

        /** Keys and values, and about as much as the objects around them take. */
        long bytes() {
            return numbers.bytes() + Long.BYTES * 4L * BLOCK;
        }

        PrefixTree tree() {
            return tree;
        }

        /** Drops it from its tree. It must be below no other one. */
        void leave() {
            siblings.remove(tokens);
        }
    }

    /** The most tokens of a prompt that are taken from here. */
    static int most(int prompt) {
        return Math.max(0, prompt - BLOCK) / BLOCK * BLOCK;
    }

    /** Says which layers compute from here on. What others have computed is dropped. */
    void use(KeyValueCache of) {
        LayersVersion now = of.version();
        if (!isClosed && now != null && !now.equals(version)) {
            drop();
            version = now;
        }
    }

    private void drop() {
        cache.forget(this);
        first.clear();
    }

    /** Drops all blocks, and takes no others. */
    void close() {
        drop();
        isClosed = true;
    }

    /** Whether the blocks are those of the layers of a model. */
    boolean isOf(Model model) {
        LayersVersion known = version;
        return known == null || known.isStillOf(model.stack(), model.effectiveLayers());
    }

    private boolean isOf(KeyValueCache computed) {
        return !isClosed && version != null && version.equals(computed.version());
    }

    /**
     * Continues a prompt with what is known of it.
     *
     * @param text the cache of its first tokens
     * @param ids its tokens
     * @param prompt how many there are
     * @return how many more tokens are known
     */
    int extend(KeyValueCache text, int[] ids, int prompt) {
        int before = text.length();
        int from = before / BLOCK * BLOCK;
        int most = most(prompt);
        if (before >= most || !isOf(text)) {
            return 0;
        }
        List<Block> path = path(ids, most);
        cache.use(path);
        List<CacheBlock> blocks =
                path.stream().skip(from / BLOCK).map(block -> block.numbers).toList();
        return text.append(blocks, from, BLOCK, prompt) - before;
    }

    /** The blocks that are known, from the first one on. */
    private List<Block> path(int[] ids, int most) {
        List<Block> path = new ArrayList<>();
        Map<Tokens, Block> next = first;
        for (int at = 0; at + BLOCK <= most; at += BLOCK) {
            Block block = next.get(new Tokens(ids, at));
            if (block == null) {
                break;
            }
            path.add(block);
            next = block.next;
        }
        return path;
    }

    /**
     * Keeps what was computed of a prompt.
     *
     * @param text the cache of its first tokens
     * @param ids its tokens
     * @param to the end of those that are kept
     */
    void add(KeyValueCache text, int[] ids, int to) {
        if (!isOf(text)) {
            return;
        }
        List<Block> path = path(ids, to);
        Map<Tokens, Block> siblings = path.isEmpty() ? first : path.get(path.size() - 1).next;
        for (int at = path.size() * BLOCK; at + BLOCK <= to; at += BLOCK) {
            Block block = new Block(this, siblings, new Tokens(ids, at), text.copy(at, at + BLOCK));
            siblings.put(block.tokens, block);
            path.add(block);
            siblings = block.next;
        }
        cache.use(path);
    }
}
