#include "base/bounded_queue.h"

#include <gtest/gtest.h>

#include <thread>

namespace cdi {
namespace {

TEST(BoundedQueueTest, KeepsOrder) {
  BoundedQueue<int> queue(10, 100);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(queue.Push(i));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(queue.Pop(), i);
}

TEST(BoundedQueueTest, ProducerWaitsUntilTheConsumerMadesRoomByWeight) {
  BoundedQueue<int> queue(100, 10);
  ASSERT_TRUE(queue.Push(1, 8));
  std::jthread producer([&] { queue.Push(2, 8); });
  EXPECT_EQ(queue.Pop(), 1);
  EXPECT_EQ(queue.Pop(), 2);
}

TEST(BoundedQueueTest, AnItemHeavierThanTheBoundPassesAlone) {
  BoundedQueue<int> queue(100, 10);
  ASSERT_TRUE(queue.Push(1, 1000));
  EXPECT_EQ(queue.Pop(), 1);
}

TEST(BoundedQueueTest, CloseLetsTheRestOutAndNothingIn) {
  BoundedQueue<int> queue(10, 10);
  ASSERT_TRUE(queue.Push(1));
  queue.Close();
  EXPECT_FALSE(queue.Push(2));
  EXPECT_EQ(queue.Pop(), 1);
  EXPECT_EQ(queue.Pop(), std::nullopt);
}

}  // namespace
}  // namespace cdi
