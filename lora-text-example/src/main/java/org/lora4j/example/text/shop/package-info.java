/** The story of a service that trains the adapters of eight shops while their customers ask. */
@NullMarked
package org.lora4j.example.text.shop;

import org.jspecify.annotations.NullMarked;
