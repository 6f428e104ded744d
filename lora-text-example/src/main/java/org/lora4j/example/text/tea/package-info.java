/** The small chat model of a made-up tea shop, which lies in the folder {@code models} of this module, and its two adapters. */
@NullMarked
package org.lora4j.example.text.tea;

import org.jspecify.annotations.NullMarked;
