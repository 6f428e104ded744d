package org.lora4j.cli.serve;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class AnnotationsHeaderTest {
    @Test
    void theNamesAreWrittenAsInAnAddress() {
        assertThat(AnnotationsHeader.value(List.of("x-order", "format: a,b\n", "größe")))
                .isEqualTo("x-order,format:%20a%2Cb%0A,gr%C3%B6%C3%9Fe");
    }

    @Test
    void thoseWithoutRoomAreCounted() {
        String longest = "k".repeat(1998);
        assertThat(AnnotationsHeader.value(List.of(longest, "a"))).isEqualTo(longest + ",a");
        assertThat(AnnotationsHeader.value(List.of(longest, "ab", "c"))).isEqualTo(longest + ",+2");
        assertThat(AnnotationsHeader.value(List.of("k".repeat(2001), "c"))).isEqualTo("+2");
        List<String> many = new ArrayList<>();
        for (int i = 0; i < 1500; i++) {
            many.add("k" + i);
        }
        String value = AnnotationsHeader.value(many);
        String[] names = value.split(",");
        int named = names.length - 1;
        assertThat(names[named]).isEqualTo("+" + (1500 - named));
        assertThat(List.of(names).subList(0, named)).isEqualTo(many.subList(0, named));
        assertThat(value.length()).isBetween(1990, 2010);
    }
}
