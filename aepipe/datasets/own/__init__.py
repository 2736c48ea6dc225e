"""Reading of a user's own images: what is new is decoded, in processes, into blocks; an index says where each is."""
