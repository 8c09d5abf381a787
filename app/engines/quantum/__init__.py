"""co-TenQu and QuClassi: a tensor network and quantum state fidelity classify images and tables."""
