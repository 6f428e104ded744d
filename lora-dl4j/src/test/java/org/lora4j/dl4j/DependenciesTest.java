package org.lora4j.dl4j;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** All tests of this module run without the jars that it keeps from its users. */
class DependenciesTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "com.google.gson.Gson",
                "it.unimi.dsi.fastutil.ints.IntArrayList",
                "org.apache.commons.codec.binary.Base64",
                "org.apache.commons.compress.archivers.ArchiveEntry",
                "org.apache.commons.net.ftp.FTPClient",
            })
    void areNotOnTheClassPath(String type) {
        assertThatThrownBy(() -> Class.forName(type)).isInstanceOf(ClassNotFoundException.class);
    }
}
