/** The model all-MiniLM-L6-v2 and its tokens. */
@NullMarked
package org.lora4j.example.text.model;

import org.jspecify.annotations.NullMarked;
