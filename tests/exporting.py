"""The models that tests export."""

CLIP = "open_clip:ViT-B-32/openai"
RESNET = "torchvision:resnet50/IMAGENET1K_V1"
MINILM = "sentence:sentence-transformers/all-MiniLM-L6-v2"
LITE2 = "efficientnet_lite:efficientnet-lite2"
