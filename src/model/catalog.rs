//! What is known of base models, as a dated table shipped as data.
