/** The story of personal data in tickets of a support desk: found by an adapter, and masked. */
@NullMarked
package org.lora4j.example.text.tickets;

import org.jspecify.annotations.NullMarked;
