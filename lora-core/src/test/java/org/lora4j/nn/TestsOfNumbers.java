package org.lora4j.nn;

import org.junit.jupiter.api.Tag;

/** Gives JUnit's tests the tag in classes that also have properties: jqwik refuses JUnit's annotation on the class itself. */
@Tag("numbers")
public interface TestsOfNumbers {}
