package org.lora4j.example.text.tea;

import java.io.IOException;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.lora4j.example.text.tea.Talk.Purpose;
import org.lora4j.example.text.tea.TeaShop.Function;
import org.lora4j.text.chat.Conversation;

/** Wishes for teas of a kind up to a price, each answered by a record in JSON: what a program needs to know of it. */
public final class Wishes {
    private static final String FIND = "find_teas";

    private Wishes() {}

    /**
     * Makes different wishes.
     *
     * @param isTest whether they are said as no training says them
     * @param count how many
     * @param seed decides which
     * @return the wishes with their records, {@code {"kind": "fruit", "most_price": 28}}
     * @throws IOException if the file of the shop cannot be read
     */
    public static List<Conversation> make(boolean isTest, int count, long seed) throws IOException {
        TeaShop shop = TeaShop.read();
        Function find = shop.functions().stream()
                .filter(function -> function.asTool().name().equals(FIND))
                .findFirst()
                .orElseThrow();
        Random random = new Random(seed);
        Purpose purpose = isTest ? Purpose.TEST_OF_ADAPTER : Purpose.ADAPTER;
        return Stream.generate(() -> new Talk(shop, random, purpose).record(find))
                .distinct()
                .limit(count)
                .toList();
    }
}
