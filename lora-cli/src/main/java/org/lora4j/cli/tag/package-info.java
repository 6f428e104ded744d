/** Adapters that tag the words of texts: trained, tested and compared. */
@NullMarked
package org.lora4j.cli.tag;

import org.jspecify.annotations.NullMarked;
