package org.lora4j.generate;

import java.lang.ref.WeakReference;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.Model;

/**
 * Keys and values of the beginnings of prompts, so that texts that begin alike compute their beginning once. Each owner, such as an adapter
 * and those who may share its prompts, has a {@link PrefixTree} of its own. If all together take more memory than they may, the blocks
 * that were not used for the longest time go first. Not thread-safe: the {@link BatchGenerator} that owns it guards it.
 *
 * <p>Only what was computed as part of a prompt is kept, not what was generated. So a prompt that continues from it has the same bits as one
 * that is computed as a whole, if a row of a product has the same bits however many rows there are.
 */
final class PrefixCache {
    private final long maxBytes;

    /** A tree is held by its blocks, and by texts that use it. */
    private final Map<Object, WeakReference<PrefixTree>> trees = new HashMap<>();

    /** In the order of their use. A block is used after those below it, so the first one has none below it. */
    private final Set<PrefixTree.Block> blocks = new LinkedHashSet<>();

    private long bytes;

    PrefixCache(long maxBytes) {
        this.maxBytes = maxBytes;
    }

    /** What is known for an owner; nothing at first. */
    PrefixTree tree(Object owner) {
        WeakReference<PrefixTree> held = trees.get(owner);
        PrefixTree known = held == null ? null : held.get();
        if (known != null) {
            return known;
        }
        trees.values().removeIf(each -> each.get() == null);
        PrefixTree tree = new PrefixTree(this);
        trees.put(owner, new WeakReference<>(tree));
        return tree;
    }

    /**
     * Drops what no longer belongs to its owner. Texts that still compute with it add nothing any more.
     *
     * @param now returns the model of an owner, or null if it has none any more
     */
    void retain(Function<Object, @Nullable Model> now) {
        trees.entrySet().removeIf(each -> {
            PrefixTree tree = each.getValue().get();
            if (tree == null) {
                return true;
            }
            Model model = now.apply(each.getKey());
            if (model != null && tree.isOf(model)) {
                return false;
            }
            tree.close();
            return true;
        });
    }

    /** The memory that the prefixes take now. */
    long bytes() {
        return bytes;
    }

    /** Notes that blocks are used, each below the one before it, and drops the oldest ones if there is no room. */
    void use(List<PrefixTree.Block> path) {
        for (int i = path.size() - 1; i >= 0; i--) {
            PrefixTree.Block block = path.get(i);
            if (!blocks.remove(block)) {
                bytes += block.bytes();
            }
            blocks.add(block);
        }
        Iterator<PrefixTree.Block> oldest = blocks.iterator();
        while (bytes > maxBytes && oldest.hasNext()) {
            PrefixTree.Block block = oldest.next();
            oldest.remove();
            bytes -= block.bytes();
            block.leave();
        }
    }

    /** Forgets the blocks of a tree that drops them. */
    void forget(PrefixTree tree) {
        blocks.removeIf(block -> {
            boolean isOfTree = block.tree() == tree;
            bytes -= isOfTree ? block.bytes() : 0;
            return isOfTree;
        });
    }
}
